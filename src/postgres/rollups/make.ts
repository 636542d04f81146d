import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Day, Made } from '../../model/rollups/rollups.ts'
import { IS_READABLE } from '../readable.ts'
import { PATIENT, type Statement, writing } from '../statement.ts'

/**
 * A day is made in one transaction of two statements. [D1]
 *
 * The first holds the day's row in `rollups` until the commit: a late batch that would mark the day waits, and then finds it
 * `good`, which it takes back. So does another roll-up, which finds nothing to do.
 *
 * Whatever was marked before is committed by then, but a statement sees only what was committed before it began. So the second
 * one, which reads the hours, begins after the row is held. As one statement, a roll-up that had waited for a mark would
 * take what its own first snapshot shows, and lose what the mark was for.
 */
export function claimDay(day: Day): Statement {
  return writing(sql`
insert into sumdial.rollups as r (day, state) select ${day}::date, 'building' where ${PATIENT}
on conflict (day) do update set state = 'building' where r.state in ('stale', 'building')`)
}

/**
 * The second statement. It does nothing unless it finds the day `building`, and makes no day of rows that cannot be read, so that
 * reads go on to say which.
 *
 * A row of a key that has no hours any more is deleted; one that would be as it was is left alone. One statement may not
 * insert and delete the same row, and these are never the same.
 */
export function fillDay(day: Day): Statement {
  return writing(sql`
, work as materialized (
  select from sumdial.rollups where ${PATIENT} and day = ${day}::date and state = 'building'
), cell as materialized (${cellsOf(day, sql`sumdial.counters`, sql`key`)}
), slice as materialized (${cellsOf(day, sql`sumdial.slices`, sql`key, labels`)}
), found as materialized (
  select coalesce(bool_and(is_readable), true) as is_readable, coalesce(sum(rows), 0) as rows
  from (select is_readable, rows from cell union all select is_readable, rows from slice) as each
), filled_slices as (
  insert into sumdial.slice_days as d (key, day, labels, sum, count, min, max, updated_at)
  select key, ${day}::date, labels, sum, count::bigint, min, max, updated_at
  from slice where (select is_readable from found) order by key collate "C", labels
  on conflict (key, day, labels) do update set ${TAKES_EXCLUDED}
), emptied_slices as (
  delete from sumdial.slice_days as d
  where d.day = ${day}::date and exists (select from work) and (select is_readable from found)
    and not exists (select from slice where slice.key = d.key and slice.labels = d.labels)
), filled as (
  insert into sumdial.days as d (key, day, sum, count, min, max, updated_at)
  select key, ${day}::date, sum, count::bigint, min, max, updated_at
  from cell where (select is_readable from found) order by key collate "C"
  on conflict (key, day) do update set ${TAKES_EXCLUDED}
), emptied as (
  delete from sumdial.days as d
  where d.day = ${day}::date and exists (select from work) and (select is_readable from found)
    and not exists (select from cell where cell.key = d.key)
), made as (
  update sumdial.rollups as r set
    state = case when found.is_readable then 'good' else 'stale' end,
    made_at = case when found.is_readable then clock_timestamp() else r.made_at end,
    changed_at = case when found.is_readable then r.changed_at else clock_timestamp() end
  from found where r.day = ${day}::date and exists (select from work)
  returning r.state
)
select (select state from made) as state, found.rows::float8 as rows from found`)
}

function cellsOf(day: Day, table: SQL, by: SQL): SQL {
  return sql`
  select ${by}, sum(sum) as sum, sum(count) as count, min(min) as min, max(max) as max, max(updated_at) as updated_at,
    count(*) as rows, bool_and(${IS_READABLE}) as is_readable
  from ${table}
  where exists (select from work)
    and hour >= ${day}::timestamp at time zone 'UTC' and hour < (${day}::date + 1)::timestamp at time zone 'UTC'
  group by ${by}`
}

const TAKES_EXCLUDED = sql`
    sum = excluded.sum, count = excluded.count, min = excluded.min, max = excluded.max, updated_at = excluded.updated_at
  where (d.sum, d.count, d.min, d.max, d.updated_at)
    is distinct from (excluded.sum, excluded.count, excluded.min, excluded.max, excluded.updated_at)`

/** Reads the answer of the second statement. */
export function readMade(rows: readonly unknown[]): Made {
  const { state, rows: read } = answerSchema.parse(rows[0])
  if (state === null) return { kind: 'not_needed' }
  return state === 'good' ? { kind: 'made', rows: read } : { kind: 'unreadable' }
}

const answerSchema = z.object({ state: z.enum(['good', 'stale']).nullable(), rows: z.number() })
