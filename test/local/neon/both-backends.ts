import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless'
import pg from 'pg'
import type { Backend } from '../../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { pgliteBackend } from '../../../src/local/neon/pglite-backend.ts'
import { createFaults, type Faults } from '../../support/faults.ts'
import { sharePglite } from '../../support/pglite.ts'
import { type SharedPostgres, sharePostgres } from '../../support/postgres.ts'

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
  stop(): Promise<void>
}

/** One endpoint before PGlite and one before a real PostgreSQL, the shared ones unless told otherwise, both empty. */
export async function startBoth(given?: SharedPostgres): Promise<BothBackends> {
  const server = given ?? (await sharePostgres())
  const pool = new pg.Pool({ connectionString: server.url, max: 20 })
  const db = await sharePglite()
  const stands = {
    pglite: await startStand('pglite', pgliteBackend(db)),
    postgres: await startStand('postgres', pgBackend(pool)),
  }
  // The driver has one setting for the whole process, so the host of the connection string tells them apart.
  neonConfig.fetchEndpoint = (host) => (host === 'pglite.test' ? stands.pglite.url : stands.postgres.url)
  return {
    ...stands,
    async stop() {
      await Promise.all([stands.pglite.close(), stands.postgres.close()])
      await pool.end()
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
