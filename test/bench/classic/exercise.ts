import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Host } from '../contenders/host.ts'
import { applyLoad, type LoadResult } from '../load.ts'
import type { Way } from './ways.ts'

export type Exercise = { readonly writes: number; readonly reads: number; readonly keys: number }

/** What one of them came to. */
export type Score = {
  readonly name: string
  readonly writes: LoadResult
  /** In Sumdial committed ones; in the others of whatever is there. */
  readonly reads: LoadResult
  readonly freshReads: LoadResult | null
  /** Rows that Postgres inserted or updated, the ledger's among them, for each increment; null without Postgres. */
  readonly postgresRows: number | null
  readonly faults: readonly string[]
}

const WRITERS = 256
const READERS = 64

/** Seconds do not end an exercise. */
const NO_END = 3_600

/** How long an idle connection of PostgreSQL keeps its statistics to itself: PGSTAT_IDLE_INTERVAL, and some more. */
const STATISTICS_MS = 11_000

/** The writes, one increment each, and when all of them can be read, the reads. */
export async function takeExercise(way: Way, host: Host, { writes, reads, keys }: Exercise): Promise<Score> {
  await using stack = new AsyncDisposableStack()
  const { urls, log, database, settle } = await way.start(host, stack)
  const load = { urls, seconds: NO_END, items: 1, keys, ids: false }
  const written = await applyLoad({ ...load, connections: WRITERS, requests: writes })
  const writtenMs = performance.now()
  await settle()
  const readAll = (read: string) => applyLoad({ ...load, connections: READERS, requests: reads, read })
  const plain = '/counters?key={key}'
  const read = await readAll(way.isSumdial ? `${plain}&consistency=committed` : plain)
  const freshReads = way.isSumdial ? await readAll(plain) : null
  await sleep(Math.max(0, writtenMs + STATISTICS_MS - performance.now()))
  const inPostgres = database === null ? null : await look(database)
  const faults = [written, read, freshReads ?? read]
    .filter((result) => result.errors + result.refused > 0)
    .map(({ errors, refused }) => `${way.name}: ${errors} errors, ${refused} x 503`)
  if (log() !== '') faults.push(`${way.name} wrote: ${log().slice(0, 500)}`)
  if (inPostgres !== null && inPostgres.counted !== written.accepted) {
    faults.push(`${way.name}: ${written.accepted} acknowledged, ${inPostgres.counted} in Postgres`)
  }
  const postgresRows = inPostgres === null ? null : inPostgres.rows / written.accepted
  return { name: way.name, writes: written, reads: read, freshReads, postgresRows, faults }
}

async function look(database: string): Promise<{ rows: number; counted: number }> {
  const client = new pg.Client(database)
  await client.connect()
  try {
    const { rows } = await client.query<{ rows: string; counted: string }>(
      `select (select sum(n_tup_ins + n_tup_upd) from pg_stat_user_tables
          where schemaname = 'sumdial' and relname in ('counters', 'ledger')) as rows,
        (select coalesce(sum(count), 0) from sumdial.counters) as counted`,
    )
    return { rows: Number(rows[0]?.rows), counted: Number(rows[0]?.counted) }
  } finally {
    await client.end()
  }
}
