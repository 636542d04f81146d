import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/neon-http'
import type { DatabaseAddress } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { StatementTimeout } from './failures.ts'
import { run, transactOverHttp } from './run.ts'
import type { Session } from './session.ts'

/**
 * Statements through Neon's driver. It has no timeout of its own, and takes a signal only when it is made; that costs no
 * connection, because each statement is one HTTP request, and so there is nothing to end.
 *
 * Not AbortSignal.timeout, whose timer goes on after the answer: for so long it would keep a Durable Object from
 * hibernating, which is billed.
 */
export function neonSession(
  { url, endpoint }: Extract<DatabaseAddress, { kind: 'neon' }>,
  clock: Clock,
): Session {
  async function within<T>(
    timeoutMs: number,
    work: (client: NeonQueryFunction<false, false>) => Promise<T>,
  ): Promise<T> {
    if (endpoint !== undefined) neonConfig.fetchEndpoint = endpoint
    const controller = new AbortController()
    const stop = clock.after(timeoutMs, () => controller.abort(new StatementTimeout(timeoutMs)))
    try {
      return await work(neon(url, { fetchOptions: { signal: controller.signal } }))
    } finally {
      stop()
    }
  }
  return {
    execute: (statement, timeoutMs, values) =>
      within(timeoutMs, (client) => run(drizzle(client), statement, values)),
    transact: (statements, timeoutMs) => within(timeoutMs, (client) => transactOverHttp(client, statements)),
    end: () => undefined,
  }
}
