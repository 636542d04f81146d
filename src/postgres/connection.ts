import type { NeonQueryFunction } from '@neondatabase/serverless'
import { neon, neonConfig } from '@neondatabase/serverless'
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http'
import type { Clock } from '../clock.ts'

export type ConnectionConfig = {
  readonly databaseUrl: string
  /** The full address of a Neon-compatible `/sql` endpoint, in place of Neon's own. */
  readonly neonFetchEndpoint: string | undefined
}

export class StatementTimeout extends Error {
  override name = 'StatementTimeout'
}

/**
 * Runs statements that give up after `timeoutMs`. The driver has no timeout of its own, and takes a signal only when it
 * is made; that costs no connection, because each statement is one HTTP request.
 *
 * Not AbortSignal.timeout, whose timer goes on after the answer: for so long it would keep a Durable Object from
 * hibernating, which is billed.
 */
export async function withClient<T>(
  { databaseUrl, neonFetchEndpoint }: ConnectionConfig,
  clock: Clock,
  timeoutMs: number,
  use: (client: NeonQueryFunction<false, false>) => Promise<T>,
): Promise<T> {
  if (neonFetchEndpoint !== undefined) neonConfig.fetchEndpoint = neonFetchEndpoint
  const controller = new AbortController()
  const cancel = clock.after(timeoutMs, () =>
    controller.abort(new StatementTimeout(`no answer in ${timeoutMs} ms`)),
  )
  try {
    return await use(neon(databaseUrl, { fetchOptions: { signal: controller.signal } }))
  } finally {
    cancel()
  }
}

/** Runs statements through Drizzle that give up after `timeoutMs`. */
export function withDatabase<T>(
  config: ConnectionConfig,
  clock: Clock,
  timeoutMs: number,
  use: (database: NeonHttpDatabase) => Promise<T>,
): Promise<T> {
  return withClient(config, clock, timeoutMs, (client) => use(drizzle(client)))
}
