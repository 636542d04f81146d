import { type SQL, sql } from 'drizzle-orm'
import { RETENTION_ROWS, RETENTION_STEPS_MAX, STATEMENT_MS_MAX } from '../limits.ts'
import { must } from '../model/assert.ts'
import type { DeleteBefore } from '../model/closing.ts'
import { formatHourStart } from '../model/hour.ts'
import type { Postgres } from './driver/session.ts'
import { executing } from './execute.ts'
import { PATIENT, writing } from './statement.ts'

/**
 * Deletes rows of hours of whole UTC days, the oldest first, in bounded steps. Rejects when Postgres cannot be asked.
 *
 * A day's hours go only once the day is `gone`: then its days are what counts, for ever. That is committed before the first hour
 * is deleted, because a batch that came late in between would otherwise have the day made again, from what is left. [D1] A day
 * that is not made, or that has changed since, keeps its hours until it is made.
 *
 * Slices go before the sums of their keys, and a sum stays while a slice of it does: otherwise slices would be left that add
 * up to more than their key. [L1]
 */
export function createRetention(postgres: Postgres): DeleteBefore {
  const steps = { rows: RETENTION_ROWS, most: RETENTION_STEPS_MAX }
  return (before) =>
    executing(postgres, STATEMENT_MS_MAX, async (execute) => {
      const first = sql`(${formatHourStart(before)}::timestamptz at time zone 'UTC')::date`
      await execute(giveUpHours(first))
      const slices = await deleteInSteps(steps, () => execute(deleteSome(sql`sumdial.slices`, first)))
      if (slices.hasMore) return slices
      const counters = await deleteInSteps(steps, () =>
        execute(
          deleteSome(
            sql`sumdial.counters`,
            first,
            sql`and not exists (
      select from sumdial.slices as s where s.key = found.key and s.hour = found.hour)`,
          ),
        ),
      )
      return { deleted: slices.deleted + counters.deleted, hasMore: counters.hasMore }
    })
}

/** Passes over days that a late batch or a roll-up holds: they are not good then, or soon are not. */
function giveUpHours(first: SQL) {
  return writing(sql`
update sumdial.rollups set state = 'gone' where state = 'good' and day in (
  select day from sumdial.rollups where ${PATIENT} and state = 'good' and day < ${first} order by day for update skip locked)`)
}

/**
 * Passes over rows that a very late flush or another sweep has locked. So this statement waits for no row, and whatever
 * waits for it, no deadlock is possible. [P2] The next day's sweep deletes those rows.
 *
 * Days are gone for ever, so it looks at none from before the first hour that there is.
 *
 * Rows are found again by their place, because a look-up by key reads pages all over the primary key's index. A place
 * belongs to a table, and there are several tables when a user has partitioned one. A row that was changed after
 * the statement began has another place, so it stays too. The list of places is there for the planner alone, which
 * might otherwise read all of the table to join it.
 */
function deleteSome(table: SQL, first: SQL, only: SQL = sql``) {
  return writing(sql`
, gone as materialized (
  select day::timestamp at time zone 'UTC' as begins, (day + 1)::timestamp at time zone 'UTC' as ends
  from sumdial.rollups where ${PATIENT} and state = 'gone' and day < ${first}
    and day >= (select (min(hour) at time zone 'UTC')::date from ${table})
  order by day
), old as materialized (
  select row.place, row.at from gone cross join lateral (
    select tableoid as place, ctid as at from ${table} as found
    where hour >= gone.begins and hour < gone.ends ${only}
    order by hour, key limit ${RETENTION_ROWS}::int for update skip locked
  ) as row limit ${RETENTION_ROWS}::int
)
delete from ${table} as c using old
where c.ctid = any(array(select at from old)) and c.ctid = old.at and c.tableoid = old.place
  and c.hour < ${first}::timestamp at time zone 'UTC'`)
}

/** The most rows that one statement deletes, and the most statements. */
export type Steps = { readonly rows: number; readonly most: number }

/**
 * Deletes in bounded steps, each a transaction of its own, until one finds fewer rows than it may take.
 *
 * @param deleteSome deletes up to `rows` rows, and answers how many, as drivers do. When it rejects, so does this; rows that
 *   were deleted until then stay deleted.
 * @returns how many were deleted, and whether the last step was full, so that there may be more.
 */
export async function deleteInSteps(
  { rows, most }: Steps,
  deleteSome: () => Promise<{ readonly rowCount: number | null }>,
): Promise<{ deleted: number; hasMore: boolean }> {
  let deleted = 0
  for (let step = 0; step < most; step++) {
    const rowCount = must((await deleteSome()).rowCount, 'how many rows were deleted')
    deleted += rowCount
    if (rowCount < rows) return { deleted, hasMore: false }
  }
  return { deleted, hasMore: true }
}
