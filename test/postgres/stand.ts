import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import type { Backend } from '../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import { must } from '../../src/model/assert.ts'
import type { Sink } from '../../src/model/flush/batch.ts'
import type { Postgres } from '../../src/postgres/driver/session.ts'
import { createSink } from '../../src/postgres/sink.ts'
import { createFaults, type Faults } from '../support/faults.ts'
import { startPooler } from '../support/pooler.ts'
import { type SharedPostgres, sharePostgres } from '../support/postgres.ts'
import { ANY_URL, neonAt, postgresAt } from '../support/postgres-at.ts'
import { sparing } from '../support/sparing.ts'

/** The ways to Postgres: Neon's driver to an endpoint, and `pg` over TCP, to Postgres itself and through a pooler. */
export const WAYS = ['Neon', 'TCP', 'a pooler'] as const
export type Way = (typeof WAYS)[number]

/** A real PostgreSQL, migrated, behind an endpoint with faults, and the production sink before that. */
export type Stand = {
  readonly pool: pg.Pool
  /** Of the database itself. */
  readonly url: string
  readonly faults: Faults
  readonly postgres: Postgres
  /** The variables of a Worker that reaches the same database. */
  readonly vars: Readonly<Record<string, string>>
  readonly sink: Sink
  /** One of the ways to the same database. */
  over(way: Way): Postgres
  /** The sum of every key, as Postgres prints it. */
  sums(): Promise<Record<string, string>>
  /** Reads over every way in turn. Few calls go over TCP, because each takes a connection. */
  inTurn<Args extends unknown[], T>(
    make: (postgres: Postgres) => (...args: Args) => Promise<T>,
  ): (...args: Args) => Promise<T>
  /** Empties the tables and forgets the faults. */
  reset(): Promise<void>
  stop(): Promise<void>
}

/**
 * @param connections that the endpoint may open at a time, and the pooler.
 * @param wrap what stands between the endpoint and PostgreSQL, in faults that the endpoint's own do not have.
 * @param server the shared one when it is left out.
 */
export async function startStand(
  connections: number,
  wrap: (backend: Backend) => Backend = (backend) => backend,
  server?: SharedPostgres,
): Promise<Stand> {
  const postgres = server ?? (await sharePostgres())
  await migrate(postgres.url)
  const pool = new pg.Pool({ connectionString: postgres.url, max: connections })
  const faults = createFaults()
  const endpoint = await startNeonEndpoint({ backend: wrap(pgBackend(sparing(pool))), around: faults.around })
  const pooler = await startPooler(postgres.url, connections)
  const pooled = postgres.url.replace(`:${postgres.port}/`, `:${pooler.port}/`)
  const ways: Record<Way, Postgres> = {
    Neon: neonAt(endpoint.url),
    TCP: postgresAt({ kind: 'tcp', url: postgres.url }),
    'a pooler': postgresAt({ kind: 'tcp', url: pooled }),
  }
  const reached = ways.Neon
  return {
    pool,
    url: postgres.url,
    faults,
    postgres: reached,
    vars: { DATABASE_URL: ANY_URL, NEON_FETCH_ENDPOINT: endpoint.url },
    sink: createSink(reached),
    over: (way) => ways[way],
    inTurn(make) {
      const [neon, ...others] = WAYS.map((way) => make(ways[way]))
      const reads = others.flatMap((other) => [other, ...Array.from({ length: 5 }, () => neon)])
      let turn = 0
      return (...args) => must(reads[turn++ % reads.length], 'a way')(...args)
    },
    async sums() {
      const { rows } = await pool.query<{ key: string; sum: string }>(
        'select key, sum::text from sumdial.counters',
      )
      return Object.fromEntries(rows.map((row) => [row.key, row.sum]))
    },
    async reset() {
      faults.clear()
      await pool.query(
        'truncate sumdial.counters, sumdial.slices, sumdial.ledger, sumdial.days, sumdial.slice_days, sumdial.rollups',
      )
    },
    async stop() {
      await endpoint.close()
      await pooler.close()
      await pool.end()
    },
  }
}
