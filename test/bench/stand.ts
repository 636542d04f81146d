import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import type { Backend, NeonStatement } from '../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import type { ShardStatus } from '../../src/model/status.ts'
import type { Faults } from '../support/faults.ts'
import { onExit } from '../support/on-exit.ts'
import { startPostgres } from '../support/postgres.ts'
import { ANY_URL } from '../support/postgres-at.ts'
import { type Served, type ServeOptions, serve } from '../support/served.ts'
import type { Status } from '../support/status.ts'

/** One real PostgreSQL. Everything that is started on the stand ends with the stack that it was started with. */
export type Stand = {
  /** A database of its own, with Sumdial's tables and a Neon endpoint before it. */
  database(before?: Before): Promise<Database>
}

/** Put before a database: a wrapper around its backend, and faults that its endpoint injects. */
export type Before = { readonly around?: (backend: Backend) => Backend; readonly faults?: Faults }

export type Database = {
  readonly url: string
  readonly pool: pg.Pool
  /** The endpoint's address, as in NEON_FETCH_ENDPOINT. */
  readonly endpoint: string
}

/** Connections of an endpoint to PostgreSQL: as many as Neon's proxy has by default. */
const CONNECTIONS = 20

/** Starts a PostgreSQL that commits to disk. `settings` are more of postgresql.conf. */
export async function startStand(
  stack: AsyncDisposableStack,
  settings: Readonly<Record<string, string>> = {},
): Promise<Stand> {
  const postgres = await startPostgres({ fsync: 'on', ...settings })
  stack.defer(() => postgres.stop())
  return {
    async database({ around = (backend: Backend) => backend, faults } = {}) {
      const url = await postgres.createDatabase()
      await migrate(url)
      const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS })
      stack.defer(() => pool.end())
      const endpoint = await startNeonEndpoint({
        backend: around(pgBackend(pool)),
        ...(faults !== undefined && { around: faults.around }),
      })
      stack.defer(() => endpoint.close())
      return { url, pool, endpoint: endpoint.url }
    },
  }
}

/** A Worker in a workerd of its own, open to everyone, before the Neon endpoint at this address. */
export async function startWorker(
  stack: AsyncDisposableStack,
  endpoint: string,
  { vars, ...options }: Omit<ServeOptions, 'vars'> & Partial<Pick<ServeOptions, 'vars'>>,
): Promise<Served> {
  const own = { DATABASE_URL: ANY_URL, NEON_FETCH_ENDPOINT: endpoint, DEV_ACCESS: 'open' }
  const served = await serve({ ...options, vars: { ...own, ...vars } })
  stack.defer(() => served.stop())
  return served
}

/** Keeps the last statement that was sent to a backend. */
export function recorder(): { around(backend: Backend): Backend; readonly last: () => NeonStatement } {
  let last: NeonStatement = { text: '', params: [] }
  return {
    around: (backend) => ({
      ...backend,
      query(statement) {
        last = statement
        return backend.query(statement)
      },
    }),
    last: () => last,
  }
}

/** A directory that is removed with the stack, or when this process ends before. */
export function makeDirectory(stack: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-bench-'))
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  const forget = onExit(remove)
  stack.defer(() => {
    remove()
    forget()
  })
  return dir
}

/** The status of an hour's one shard. @throws when it does not answer. */
export async function askShard(url: string, hour: string): Promise<ShardStatus> {
  const response = await fetch(`${url}/status?hour=${hour}`)
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`)
  const [shard] = ((await response.json()) as Status).shards
  if (shard === undefined || 'error' in shard) throw new Error(`no status: ${JSON.stringify(shard)}`)
  return shard
}
