import type { Clock } from '../clock.ts'
import type { Source } from './http/problem.ts'

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

/**
 * Why a call got no answer, for the client and for the log. An error that the shard's own code threw may quote keys, so
 * only the error's name is given; an error of the platform keeps its message.
 * Source of `remote`: Cloudflare's documentation of Durable Objects, "Error handling".
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  const isFromShard = 'remote' in error && error.remote === true
  return isFromShard ? `the shard threw ${error.name}` : error.message.slice(0, 200)
}
