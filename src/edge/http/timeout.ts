import type { Clock } from '../../clock.ts'
import type { Source } from './problem.ts'

/** A shard or Postgres could not be asked in time. Nothing is wrong with the request; `cause` says why, for the log. */
export class Unavailable extends Error {
  override name = 'Unavailable'
  readonly source: Source

  constructor(source: Source, cause: unknown) {
    super(`${source} could not be asked`, { cause })
    this.source = source
  }
}

/** No answer came within the time that it was waited for. */
export class Timeout extends Error {
  override name = 'Timeout'
}

/**
 * Waits for `work`, and rejects with a Timeout once `ms` have passed. The timer belongs to the request that asks, and
 * ends with it.
 */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  const timeout = Promise.withResolvers<never>()
  const cancel = clock.after(ms, () => timeout.reject(new Timeout(`no answer in ${ms} ms`)))
  try {
    return await Promise.race([work, timeout.promise])
  } finally {
    cancel()
  }
}
