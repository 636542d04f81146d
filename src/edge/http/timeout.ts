import type { Clock } from '../../clock.ts'

/** Nothing that is wrong with the request: a shard or Postgres could not be asked in time. */
export class Unavailable extends Error {
  override name = 'Unavailable'
}

/** Who could not be asked, for whoever waits; and why, for the log. */
export function unavailable(who: string, cause: unknown): Unavailable {
  return new Unavailable(`${who} could not be asked.`, { cause })
}

/**
 * The same, or a rejection once `ms` have passed. The timer belongs to the request that asks, and ends with it.
 *
 * @param who is waited for, where nobody further out says it.
 */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>, who?: string): Promise<T> {
  const timeout = Promise.withResolvers<never>()
  const cancel = clock.after(ms, () => {
    const late = new Unavailable(`no answer in ${ms} ms`)
    timeout.reject(who === undefined ? late : unavailable(who, late))
  })
  try {
    return await Promise.race([work, timeout.promise])
  } finally {
    cancel()
  }
}
