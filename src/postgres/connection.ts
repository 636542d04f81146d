import { neon, neonConfig } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/neon-http'

export type ConnectionConfig = {
  readonly databaseUrl: string
  /** Full address of a Neon-compatible `/sql` endpoint in place of Neon's own. */
  readonly neonFetchEndpoint: string | undefined
}

/**
 * A database handle whose statements give up after `timeoutMs`. The driver has no timeout of its own and takes a
 * signal only at its making, so each statement gets a handle anew; that costs no connection, for each statement is one
 * HTTP request.
 */
export function connect(config: ConnectionConfig, timeoutMs: number) {
  if (config.neonFetchEndpoint !== undefined) neonConfig.fetchEndpoint = config.neonFetchEndpoint
  return drizzle(neon(config.databaseUrl, { fetchOptions: { signal: AbortSignal.timeout(timeoutMs) } }))
}
