import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Day, Made } from '../../model/rollups/rollups.ts'
import { LAST_KEY, unionAll } from '../key-ranges.ts'
import { IS_READABLE } from '../readable.ts'
import { PATIENT, type Statement, writing } from '../statement.ts'

/**
 * A day is made in pieces, by ranges of keys; most days are one. A piece is one transaction of two statements. [D1]
 *
 * The first holds the day's row in `rollups` until the commit: a late batch that would mark the day waits, and then finds it
 * `good` or `partial`, which it takes back. So does another roll-up, which goes on with the next piece or finds nothing to do.
 *
 * Whatever was marked before is committed by then, but a statement sees only what was committed before it began. So the second
 * one, which reads the hours, begins after the row is held. As one statement, a roll-up that had waited for a mark would
 * take what its own first snapshot shows, and lose what the mark was for.
 *
 * Between two pieces the day is `partial`, and `made_below` is the first key that is not made. Every batch that was committed
 * before a piece began is in that piece, and every later one marks the day `stale`, so that it begins anew. So a day that is
 * still `partial` at its last piece was changed by nobody since its first, and is then good as a whole.
 */
export function claimDay(day: Day): Statement {
  return writing(sql`
insert into sumdial.rollups as r (day, state) select ${day}::date, 'building' where ${PATIENT}
on conflict (day) do update set state = 'building', made_below = case r.state when 'partial' then r.made_below end
where r.state in ('stale', 'building', 'partial')`)
}

/**
 * The second statement. It does nothing unless it finds the day `building`, and makes no day of rows that cannot be read, so that
 * reads go on to say which.
 *
 * A row of a key that has no hours any more is deleted; one that would be as it was is left alone. One statement may not
 * insert and delete the same row, and these are never the same.
 *
 * @param rows of each hour that a piece has at most, in either table, beside those of its last key.
 */
export function fillDay(day: Day, rows: number): Statement {
  return writing(sql`
, work as materialized (
  select coalesce(made_below, '') collate "C" as first from sumdial.rollups
  where ${PATIENT} and day = ${day}::date and state = 'building'
), hour_of_day as materialized (
  select ${day}::timestamp at time zone 'UTC' + make_interval(hours => n) as hour from generate_series(0, 23) as n
), piece as materialized (
  select first, coalesce(beyond, ${LAST_KEY}::text) collate "C" as beyond, beyond is null as is_last
  from (select first, (${firstBeyond(rows)}) as beyond from work) as found
), cell as materialized (${cellsOf(sql`sumdial.counters`, sql`key`)}
), slice as materialized (${cellsOf(sql`sumdial.slices`, sql`key, labels`)}
), found as materialized (
  select coalesce(bool_and(is_readable), true) as is_readable, coalesce(sum(rows), 0) as rows
  from (select is_readable, rows from cell union all select is_readable, rows from slice) as each
), filled_slices as (
  insert into sumdial.slice_days as d (key, day, labels, sum, count, min, max, updated_at)
  select key, ${day}::date, labels, sum, count::bigint, min, max, updated_at
  from slice where (select is_readable from found) order by key collate "C", labels
  on conflict (key, day, labels) do update set ${TAKES_EXCLUDED}
), emptied_slices as (
  delete from sumdial.slice_days as d using piece
  where d.day = ${day}::date and ${OF_PIECE} and (select is_readable from found)
    and not exists (select from slice where slice.key = d.key and slice.labels = d.labels)
), filled as (
  insert into sumdial.days as d (key, day, sum, count, min, max, updated_at)
  select key, ${day}::date, sum, count::bigint, min, max, updated_at
  from cell where (select is_readable from found) order by key collate "C"
  on conflict (key, day) do update set ${TAKES_EXCLUDED}
), emptied as (
  delete from sumdial.days as d using piece
  where d.day = ${day}::date and ${OF_PIECE} and (select is_readable from found)
    and not exists (select from cell where cell.key = d.key)
), made as (
  update sumdial.rollups as r set
    state = case when not found.is_readable then 'stale' when piece.is_last then 'good' else 'partial' end,
    made_below = case when found.is_readable and not piece.is_last then piece.beyond end,
    made_at = case when found.is_readable and piece.is_last then clock_timestamp() else r.made_at end,
    changed_at = case when found.is_readable then r.changed_at else clock_timestamp() end
  from found, piece where r.day = ${day}::date
  returning r.state
)
select (select state from made) as state, found.rows::float8 as rows, (select first = '' from piece) as is_first from found`)
}

/** The first key that a piece does not have, because so many rows of an hour are before it; null when it has all of them. */
function firstBeyond(rows: number): SQL {
  const ofTable = (table: SQL) => sql`(
    select key from ${table} where hour = hour_of_day.hour and key > work.first order by key offset ${rows}::int limit 1)`
  return sql`select min(key) from hour_of_day cross join lateral (
    ${unionAll([ofTable(sql`sumdial.counters`), ofTable(sql`sumdial.slices`)])}) as beyond`
}

const OF_PIECE = sql`key >= piece.first and key < piece.beyond`

/** The hours of a piece, each by the index of (hour, key). */
function cellsOf(table: SQL, by: SQL): SQL {
  return sql`
  select ${by}, sum(sum) as sum, sum(count) as count, min(min) as min, max(max) as max, max(updated_at) as updated_at,
    count(*) as rows, bool_and(${IS_READABLE}) as is_readable
  from piece cross join hour_of_day cross join lateral (
    select * from ${table} where hour = hour_of_day.hour and ${OF_PIECE} offset 0
  ) as own
  group by ${by}`
}

const TAKES_EXCLUDED = sql`
    sum = excluded.sum, count = excluded.count, min = excluded.min, max = excluded.max, updated_at = excluded.updated_at
  where (d.sum, d.count, d.min, d.max, d.updated_at)
    is distinct from (excluded.sum, excluded.count, excluded.min, excluded.max, excluded.updated_at)`

/** Reads the answer of the second statement. */
export function readMade(rows: readonly unknown[]): Made {
  const { state, rows: read, is_first } = answerSchema.parse(rows[0])
  switch (state) {
    case null:
      return { kind: 'not_needed' }
    case 'stale':
      return { kind: 'unreadable' }
    case 'partial':
      return { kind: 'partly_made', rows: read, isFirst: is_first === true }
    case 'good':
      return { kind: 'made', rows: read }
  }
}

const answerSchema = z.object({
  state: z.enum(['good', 'partial', 'stale']).nullable(),
  rows: z.number(),
  is_first: z.boolean().nullable(),
})
