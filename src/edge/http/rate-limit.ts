import type { Log } from '../../log.ts'
import type { RateLimit } from '../ports.ts'

/** Whether one more request under this key is within the rate limit. */
export type IsWithinLimit = (key: string) => Promise<boolean>

/** A limit that cannot be asked limits nobody, because it is there to keep counting possible. */
export function limiter(limit: RateLimit | undefined, log: Log): IsWithinLimit {
  return async (key) => {
    try {
      return limit === undefined || (await limit.limit({ key })).success
    } catch (error) {
      log({ message: 'no rate limit', reason: error instanceof Error ? error.name : 'unknown' })
      return true
    }
  }
}
