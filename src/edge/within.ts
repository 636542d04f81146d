import type { Clock } from '../model/clock.ts'

/** Nothing that is wrong with the request: a shard or Postgres could not be asked in time. */
export class Unavailable extends Error {
  override name = 'Unavailable'
}

/** The same, or a rejection once `ms` have passed. The timer belongs to the request that asks, and ends with it. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  const timeout = Promise.withResolvers<never>()
  const cancel = clock.after(ms, () => timeout.reject(new Unavailable(`no answer in ${ms} ms`)))
  try {
    return await Promise.race([work, timeout.promise])
  } finally {
    cancel()
  }
}
