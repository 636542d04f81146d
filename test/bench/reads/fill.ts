import type pg from 'pg'
import { addHours, formatHourStart, type Hour } from '../../../src/model/hour.ts'

/** `site/<domain>/<section>/page-<id>`: a few hot ones and a long tail. */
const KEYS = 500_000

/** Hours that one statement fills. */
const STEP_HOURS = 24

const YEAR_HOURS = 365 * 24

/** Several draws in an hour fall on one key: about so many draws make a row. */
const DRAWS_PER_ROW = 1.55

/** Domains and sections are skewed as the pages are, so that a prefix can have any number of keys. */
const CREATE_KEYS = `
create unlogged table public.bench_keys as
select id, format('site/%s%s.example/s%s/page-%s',
  chr(97 + id % 26), (40 ^ random())::int, (12 ^ random())::int, id) as key
from generate_series(0, ${KEYS} - 1) as id`

/** Draws are log-uniform over the keys: Zipf's law. On disk as flushes leave it: hour by hour, keys in any order. */
const FILL = `
insert into sumdial.counters (key, hour, sum, count, min, max, updated_at)
select k.key, d.hour, d.count * 3, d.count, 1, 5, d.hour + interval '1 hour'
from (
  select hour, floor($4::int ^ random())::int - 1 as id, count(*) as count
  from generate_series($1::timestamptz, $2::timestamptz, interval '1 hour') as hour, generate_series(1, $3::int)
  group by 1, 2
) as d join public.bench_keys as k using (id)
order by d.hour, random()`

/** One key in twenty is counted once and never again, here in the first month alone. */
const SILENT_PART = 20

const FILL_SILENT = `
insert into sumdial.counters (key, hour, sum, count, min, max, updated_at)
select 'silent/' || n, $1::timestamptz + n % (30 * 24) * interval '1 hour', 3, 1, 3, 3, $1
from generate_series(1, $2::int) as n order by n % (30 * 24)`

export type Filled = { readonly rows: number; readonly from: Hour; readonly to: Hour }

export type Filling = {
  readonly rows: number
  /** The end of the last hour that is filled. */
  readonly to: Hour
  readonly onProgress: (rows: number) => void
}

/** Fills `sumdial.counters` with at least so many rows of the year up to `to`, and of the time before if need be. */
export async function fillCounters(client: pg.ClientBase, filling: Filling): Promise<Filled> {
  await client.query('select setseed(0.5)')
  await client.query(CREATE_KEYS)
  await client.query('create unique index on public.bench_keys (id)')
  await client.query('analyze public.bench_keys')
  const restore = await dropIndexes(client)
  const filled = await fill(client, filling)
  const silent = Math.ceil(filling.rows / SILENT_PART)
  await client.query(FILL_SILENT, [formatHourStart(filled.from), silent])
  await client.query('drop table public.bench_keys')
  for (const statement of restore) await client.query(statement)
  // Autovacuum would do this in time. Index-only scans need its map, and the planner its statistics.
  await client.query('vacuum (analyze) sumdial.counters')
  return { ...filled, rows: filled.rows + silent }
}

async function fill(client: pg.ClientBase, { rows, to, onProgress }: Filling): Promise<Filled> {
  const draws = Math.ceil((rows / YEAR_HOURS) * DRAWS_PER_ROW)
  const hoursAtLeast = Math.min(YEAR_HOURS, rows)
  let filled = 0
  let from = to
  while (filled < rows || to - from < hoursAtLeast) {
    const before = from
    from = addHours(from, -STEP_HOURS)
    const hours = [formatHourStart(from), formatHourStart(addHours(before, -1))]
    const { rowCount } = await client.query(FILL, [...hours, draws, KEYS])
    filled += rowCount ?? 0
    onProgress(filled)
  }
  return { rows: filled, from, to }
}

/** Filling is several times as fast without indexes. @returns the statements that make them again. */
export async function dropIndexes(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string; isPrimary: boolean }>(`
select c.relname as name, i.indisprimary as "isPrimary",
  case when i.indisprimary then pg_get_constraintdef(p.oid) else pg_get_indexdef(i.indexrelid) end as definition
from pg_index as i join pg_class as c on c.oid = i.indexrelid left join pg_constraint as p on p.conindid = c.oid
where i.indrelid = 'sumdial.counters'::regclass`)
  const table = 'alter table sumdial.counters'
  for (const { name, isPrimary } of rows) {
    await client.query(isPrimary ? `${table} drop constraint ${name}` : `drop index sumdial.${name}`)
  }
  return rows.map(({ name, definition, isPrimary }) =>
    isPrimary ? `${table} add constraint ${name} ${definition}` : definition,
  )
}
