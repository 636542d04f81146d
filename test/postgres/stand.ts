import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import type { Backend } from '../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import type { Sink } from '../../src/model/flush/batch.ts'
import type { ConnectionConfig } from '../../src/postgres/connection.ts'
import { createSink } from '../../src/postgres/sink.ts'
import { createFaults, type Faults } from '../support/faults.ts'
import { nodeClock } from '../support/node-clock.ts'
import { startPostgres } from '../support/postgres.ts'

/** A real PostgreSQL, migrated, behind an endpoint with faults, and the production sink before that. */
export type Stand = {
  readonly pool: pg.Pool
  readonly faults: Faults
  readonly connection: ConnectionConfig
  readonly sink: Sink
  /** The sum of every key, as Postgres prints it. */
  sums(): Promise<Record<string, string>>
  /** Empties the tables and forgets the faults. */
  reset(): Promise<void>
  stop(): Promise<void>
}

/**
 * @param connections that the endpoint may open at a time.
 * @param wrap what stands between the endpoint and PostgreSQL, in faults that the endpoint's own do not have.
 */
export async function startStand(
  connections: number,
  wrap: (backend: Backend) => Backend = (backend) => backend,
): Promise<Stand> {
  const postgres = await startPostgres()
  await migrate(postgres.url)
  const pool = new pg.Pool({ connectionString: postgres.url, max: connections })
  const faults = createFaults()
  const endpoint = await startNeonEndpoint({ backend: wrap(pgBackend(pool)), around: faults.around })
  const connection = {
    databaseUrl: 'postgresql://sumdial:unused@localhost/sumdial',
    neonFetchEndpoint: endpoint.url,
  }
  return {
    pool,
    faults,
    connection,
    sink: createSink(connection, nodeClock),
    async sums() {
      const { rows } = await pool.query<{ key: string; sum: string }>(
        'select key, sum::text from sumdial.counters',
      )
      return Object.fromEntries(rows.map((row) => [row.key, row.sum]))
    },
    async reset() {
      faults.clear()
      await pool.query('truncate sumdial.counters, sumdial.ledger')
    },
    async stop() {
      await endpoint.close()
      await pool.end()
      await postgres.stop()
    },
  }
}
