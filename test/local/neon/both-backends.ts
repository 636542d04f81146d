import { PGlite } from '@electric-sql/pglite'
import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless'
import pg from 'pg'
import type { Backend } from '../../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { pgliteBackend } from '../../../src/local/neon/pglite-backend.ts'
import { createFaults, type Faults } from '../../support/faults.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'

export const BACKENDS = ['pglite', 'postgres'] as const
export type BackendName = (typeof BACKENDS)[number]

export interface Stand {
  /** A connection string that the driver sends to this endpoint. */
  readonly connection: string
  /** The endpoint's own address, for requests by hand. */
  readonly url: string
  readonly faults: Faults
  /** The real driver. */
  readonly sql: NeonQueryFunction<false, true>
}

export interface BothBackends {
  readonly pglite: Stand
  readonly postgres: Stand
  readonly server: TestPostgres
  stop(): Promise<void>
}

/** One endpoint before PGlite and one before a real PostgreSQL, both empty. */
export async function startBoth(): Promise<BothBackends> {
  const server = await startPostgres()
  const pool = new pg.Pool({ connectionString: server.url, max: 20 })
  const db = await PGlite.create()
  const stands = {
    pglite: await startStand('pglite', pgliteBackend(db)),
    postgres: await startStand('postgres', pgBackend(pool)),
  }
  // The driver has one setting for the whole process, so the host of the connection string tells them apart.
  neonConfig.fetchEndpoint = (host) => (host === 'pglite.test' ? stands.pglite.url : stands.postgres.url)
  return {
    ...stands,
    server,
    async stop() {
      await Promise.all([stands.pglite.close(), stands.postgres.close()])
      await Promise.all([db.close(), pool.end()])
      await server.stop()
    },
  }
}

async function startStand(name: BackendName, backend: Backend) {
  const faults = createFaults()
  const { url, close } = await startNeonEndpoint({ backend, around: faults.around })
  const connection = `postgresql://user:password@${name}.test/db`
  const sql = neon(connection, { fullResults: true })
  return { connection, url, faults, sql, close }
}
