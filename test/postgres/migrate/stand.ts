import pg from 'pg'
import type { Clock } from '../../../src/clock.ts'
import { MIGRATIONS, readMigrations } from '../../../src/local/migrations-folder.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { Cells } from '../../../src/model/cells.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import { hourOf } from '../../../src/model/hour.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import type { MigrationLine } from '../../../src/postgres/migrate/keeper.ts'
import { createSchemaKeeper } from '../../../src/postgres/migrate/keeper.ts'
import { migratingSink } from '../../../src/postgres/migrate/migrating-sink.ts'
import type { Migration } from '../../../src/postgres/migrate/migration.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { createFaults } from '../../support/faults.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { neonAt } from '../../support/postgres-at.ts'
import { sparing } from '../../support/sparing.ts'

export const ALL = readMigrations(MIGRATIONS)

/** The sink of a shard whose Worker has these migrations. */
export function shardAt(postgres: Postgres, migrations: readonly Migration[] = ALL) {
  const lines: MigrationLine[] = []
  const keeper = createSchemaKeeper({ postgres, migrations, log: (line) => lines.push(line) })
  return { lines, keeper, sink: migratingSink(createSink(postgres), keeper) }
}

/** One Worker's way to a database: an endpoint with connections of its own. */
export async function openWorker(url: string) {
  const pool = new pg.Pool({ connectionString: url, max: 3 })
  pool.on('error', () => undefined)
  const faults = createFaults()
  const endpoint = await startNeonEndpoint({ backend: pgBackend(sparing(pool)), around: faults.around })
  return {
    shard: (migrations: readonly Migration[] = ALL, clock: Clock = nodeClock) =>
      shardAt(neonAt(endpoint.url, clock), migrations),
    /** Statements that came from this Worker. */
    statements: () => faults.log.length,
    async close() {
      await endpoint.close()
      await pool.end()
    },
  }
}

/** A first batch of a shard, with one cell. */
export function batchOf(key: string, value: number): Batch {
  return {
    writer: crypto.randomUUID(),
    seq: 1,
    id: crypto.randomUUID(),
    shard: '2026-11-21T20Z/0',
    hour: hourOf(Date.UTC(2026, 10, 21, 20)),
    cells: Cells.of([[key, cellOf(value)]]),
    increments: 1,
  }
}

/** Takes back whatever a test did to its database, because a new one for each test would take 0.2 s of processor time. */
export async function emptyAgain(client: pg.Client): Promise<void> {
  await client.query(`rollback; drop schema if exists sumdial cascade;
    drop function if exists public.current_setting(text)`)
  await client.query(`alter database ${client.database} reset search_path`)
}
