import { createHash } from 'node:crypto'
import pg from 'pg'
import { migrate } from '../../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { bundle } from '../../support/bundled.ts'
import { type HttpProxy, type ProxyFate, startHttpProxy } from '../../support/http-proxy.ts'
import { startPostgres } from '../../support/postgres.ts'
import { type Served, type ServeOptions, serve } from '../../support/served.ts'

/** The texts of the Worker's tokens. */
export const WRITER = 'sd_writer'
const READER = 'sd_reader'

const tokenOf = (text: string, scope: string) => ({
  name: text,
  sha256: createHash('sha256').update(text).digest('hex'),
  scopes: [scope],
})

const API_TOKENS = JSON.stringify([tokenOf(WRITER, 'write'), tokenOf(READER, 'read')])

/** The Worker as it is deployed, in a workerd of its own, before a Postgres. */
export type Stage = {
  readonly url: string
  /** All that workerd has written. */
  log(): string
  /** A way to the Worker on which things go wrong. */
  proxy(fateOf?: (n: number) => ProxyFate): Promise<HttpProxy>
  /** The sum of a key, read fresh from shards and Postgres. */
  sumOf(key: string): Promise<number>
  /** Runs statements in Postgres itself. */
  sql(statements: string): Promise<void>
  /** kill -9 of workerd, and a new one with its objects, at another address. */
  killAndRestart(): Promise<void>
  close(): Promise<void>
}

export async function openStage(
  vars: Readonly<Record<string, string>>,
  options: Pick<ServeOptions, 'objects' | 'v8Flags'> = {},
): Promise<Stage> {
  // A PGlite would take 11 s of processor time to begin, and this takes 3.
  const postgres = await startPostgres()
  await migrate(postgres.url)
  const pool = new pg.Pool({ connectionString: postgres.url })
  const endpoint = await startNeonEndpoint({ backend: pgBackend(pool) })
  const script = await bundle()
  const start = () =>
    serve({
      ...options,
      script,
      vars: {
        DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
        NEON_FETCH_ENDPOINT: endpoint.url,
        API_TOKENS,
        FLUSH_INTERVAL_SECONDS: '1',
        ...vars,
      },
    })
  let served: Served = await start()
  const proxies: HttpProxy[] = []
  return {
    get url() {
      return served.url
    },
    log: () => served.log(),
    async proxy(fateOf) {
      const proxy = await startHttpProxy(() => served.url, fateOf)
      proxies.push(proxy)
      return proxy
    },
    async sumOf(key) {
      const headers = { authorization: `Bearer ${READER}` }
      const answer = await fetch(`${served.url}/counters?key=${encodeURIComponent(key)}`, { headers })
      const body = (await answer.json()) as { total: { sum: number } }
      if (answer.status !== 200) throw new Error(`${answer.status}: ${JSON.stringify(body)}`)
      return body.total.sum
    },
    async sql(statements) {
      await pool.query(statements)
    },
    async killAndRestart() {
      await served.stop()
      served = await start()
    },
    async close() {
      for (const proxy of proxies) await proxy.close()
      await served.stop()
      await endpoint.close()
      await pool.end()
      await postgres.stop()
    },
  }
}
