import pg from 'pg'
import { migrate } from '../../../src/local/migrate.ts'
import type { Backend } from '../../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { pgliteBackend } from '../../../src/local/neon/pglite-backend.ts'
import type { Cell } from '../../../src/model/cell.ts'
import { mergeCells } from '../../../src/model/cell.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { DAY_MS, formatHourStart } from '../../../src/model/hour.ts'
import { isLabelled, keyOf, labelsOf } from '../../../src/model/slices/slice.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { sharePglite } from '../../support/pglite.ts'
import { sharePostgres } from '../../support/postgres.ts'
import { neonAt } from '../../support/postgres-at.ts'
import { IS_THOROUGH } from '../../support/thorough.ts'

/** A key or slice in an hour. */
export type Row = {
  readonly key: string
  readonly hour: Hour
  readonly cell: Cell
  readonly updatedMs: number
}

export type State = 'stale' | 'building' | 'partial' | 'good' | 'gone'

/** The state of each day that has one, by its number since 1970. */
export type States = ReadonlyMap<number, State>

type Query = (text: string, params?: unknown[]) => Promise<readonly Record<string, unknown>[]>

export type Database = {
  readonly postgres: Postgres
  readonly query: Query
  stop(): Promise<void>
}

/** A migrated database of either kind, for code whose clock says `nowMs`. */
export const DATABASES: Readonly<Record<string, (nowMs: number) => Promise<Database>>> = {
  PostgreSQL: async (nowMs) => {
    const { url } = await sharePostgres()
    await migrate(url)
    const pool = new pg.Pool({ connectionString: url, max: 4 })
    const query: Query = async (text, params) => (await pool.query(text, params)).rows
    return databaseOf(nowMs, pgBackend(pool), query, () => pool.end())
  },
  PGlite: async (nowMs) => {
    const database = await sharePglite()
    await migrate(database)
    const query: Query = async (text, params) =>
      (await database.query<Record<string, unknown>>(text, params)).rows
    return databaseOf(nowMs, pgliteBackend(database), query, async () => undefined)
  },
}

/** The kinds that a test tries. */
export const KINDS = IS_THOROUGH ? Object.keys(DATABASES) : ['PostgreSQL']

async function databaseOf(
  nowMs: number,
  backend: Backend,
  query: Query,
  stop: () => Promise<void>,
): Promise<Database> {
  const endpoint = await startNeonEndpoint({ backend })
  return {
    postgres: neonAt(endpoint.url, { ...nodeClock, now: () => nowMs }),
    query,
    async stop() {
      await endpoint.close()
      await stop()
    },
  }
}

export function dayOf(hour: Hour): number {
  return Math.floor(hour / 24)
}

/** Adds up rows that have one name: of their hour, or of their day as the row of its first hour. */
export function addedUp(rows: readonly Row[], by: 'hour' | 'day'): Row[] {
  const all = new Map<string, Row>()
  for (const row of rows) {
    const hour = by === 'day' ? ((dayOf(row.hour) * 24) as Hour) : row.hour
    const name = `${hour} ${row.key}`
    const before = all.get(name)
    const cell = before === undefined ? row.cell : mergeCells(before.cell, row.cell)
    const updatedMs = Math.max(before?.updatedMs ?? 0, row.updatedMs)
    all.set(name, { key: row.key, hour, cell, updatedMs })
  }
  return [...all.values()]
}

/** Fills empty tables. `rows` and `days` are of slices too; the rows of their keys are made from them. [L1] */
export async function fill(
  { query }: Pick<Database, 'query'>,
  {
    rows,
    days,
    states,
  }: { readonly rows: readonly Row[]; readonly days: readonly Row[]; readonly states: States },
): Promise<void> {
  await query('truncate sumdial.counters, sumdial.slices, sumdial.days, sumdial.slice_days, sumdial.rollups')
  for (const [all, ofKeys, ofSlices, column] of [
    [rows, 'counters', 'slices', 'hour'],
    [days, 'days', 'slice_days', 'day'],
  ] as const) {
    await insert(query, ofKeys, column, addedUp(all.map(ofItsKey), column))
    await insert(
      query,
      ofSlices,
      column,
      addedUp(
        all.filter(({ key }) => isLabelled(key)),
        column,
      ),
    )
  }
  await query('insert into sumdial.rollups (day, state) select * from unnest($1::date[], $2::text[])', [
    [...states.keys()].map((day) => new Date(day * DAY_MS).toISOString().slice(0, 10)),
    [...states.values()],
  ])
}

function ofItsKey(row: Row): Row {
  return { ...row, key: keyOf(row.key) }
}

async function insert(
  query: Query,
  table: string,
  column: 'hour' | 'day',
  rows: readonly Row[],
): Promise<void> {
  const isOfSlices = table.startsWith('slice')
  const start = column === 'day' ? "(start at time zone 'UTC')::date" : 'start'
  await query(
    `insert into sumdial.${table} (key, ${column}, ${isOfSlices ? 'labels, ' : ''}sum, count, min, max, updated_at)
select key, ${start}, ${isOfSlices ? 'labels::jsonb, ' : ''}sum, count, min, max, updated_at from unnest(
$1::text[], $2::timestamptz[], $3::text[], $4::numeric[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[])
as row (key, start, labels, sum, count, min, max, updated_at)`,
    [
      rows.map(({ key }) => keyOf(key)),
      rows.map(({ hour }) => formatHourStart(hour)),
      rows.map(({ key }) => JSON.stringify(labelsOf(key) ?? {})),
      rows.map(({ cell }) => String(cell.sum)),
      ...(['count', 'min', 'max'] as const).map((name) => rows.map(({ cell }) => cell[name])),
      rows.map(({ updatedMs }) => new Date(updatedMs).toISOString()),
    ],
  )
}
