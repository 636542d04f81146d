import pg from 'pg'
import { migrate } from '../../../src/local/migrate.ts'
import type { Backend } from '../../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { startPostgres } from '../../support/postgres.ts'
import { type Served, serve } from '../../support/served.ts'
import { startService } from './start-service.ts'

/** Where contenders live: one real PostgreSQL, which commits to disk, with a database for each who wants one. */
export type Host = {
  /** @returns the URL of a database of its own, with Sumdial's tables. */
  database(): Promise<string>
  /** @returns the address of a Neon endpoint before a database. */
  endpoint(database: string, around?: (backend: Backend) => Backend): Promise<string>
  /** A Worker in a workerd of its own; before a database of its own, unless it is given an endpoint. */
  worker(script: string, more?: More): Promise<Served>
  /** A service on Node, by its file here. */
  service(entry: string, env: Record<string, string>): ReturnType<typeof startService>
}

export type More = {
  readonly isolates?: number
  readonly endpoint?: string
  readonly vars?: Readonly<Record<string, string>>
}

/** Connections of an endpoint to PostgreSQL: as many as Neon's proxy has by default. */
export const CONNECTIONS = 20

export const BENCH = 'test/bench/contenders'

/** Everything that it starts goes with the stack. */
export async function startHost(stack: AsyncDisposableStack): Promise<Host> {
  const postgres = await startPostgres({ fsync: 'on' })
  stack.defer(() => postgres.stop())

  const database = async () => {
    const url = await postgres.createDatabase()
    await migrate(url)
    return url
  }

  const endpoint: Host['endpoint'] = async (connectionString, around = (backend) => backend) => {
    const pool = new pg.Pool({ connectionString, max: CONNECTIONS })
    stack.defer(() => pool.end())
    const { url, close } = await startNeonEndpoint({ backend: around(pgBackend(pool)) })
    stack.defer(close)
    return url
  }

  return {
    database,
    endpoint,
    async worker(script, { isolates = 1, vars = {}, endpoint: given } = {}) {
      const address = given ?? (await endpoint(await database()))
      const served = await serve({
        script,
        isolates,
        vars: {
          DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
          NEON_FETCH_ENDPOINT: address,
          DEV_ACCESS: 'open',
          ...vars,
        },
      })
      stack.defer(() => served.stop())
      return served
    },
    async service(entry, env) {
      const started = await startService(`${BENCH}/${entry}`, env)
      stack.defer(() => started.stop())
      return started
    },
  }
}
