import { sql } from 'drizzle-orm'
import { RETENTION_ROWS, RETENTION_STEPS_MAX, STATEMENT_MS_MAX } from '../limits.ts'
import type { Clock } from '../model/clock.ts'
import { formatHourStart } from '../model/hour.ts'
import type { DeleteBefore } from '../model/retention.ts'
import type { ConnectionConfig } from './connection.ts'
import { deleteInSteps } from './delete-in-steps.ts'
import { executor } from './execute.ts'

/** Deletes rows of old hours, the oldest first, in bounded steps. It rejects when Postgres cannot be asked. */
export function createRetention(config: ConnectionConfig, clock: Clock): DeleteBefore {
  const execute = executor(config, clock, STATEMENT_MS_MAX)
  const steps = { rows: RETENTION_ROWS, most: RETENTION_STEPS_MAX }
  return (before) => deleteInSteps(steps, () => execute(deleteSome(formatHourStart(before))))
}

/**
 * Rows that a flush has locked, which came very late, or another sweep, are passed over: this statement waits for no
 * row, so that whatever waits for it, no circle can close. [P2] What it passed over is for the next day.
 *
 * Rows are found again by their place, for a look-up by key reads pages all over the primary key's index; a place is
 * one of a table, and there are several when a user has partitioned `counters`. A row that was changed after the
 * statement began has another place, and stays too. The list of places is there for the planner alone, which otherwise
 * may read all of the table to join it.
 */
function deleteSome(before: string) {
  return sql`
with old as materialized (
  select tableoid as place, ctid from sumdial.counters where hour < ${before}::timestamptz
  order by hour, key limit ${RETENTION_ROWS}::int for update skip locked
)
delete from sumdial.counters as c using old
where c.ctid = any(array(select ctid from old)) and c.ctid = old.ctid and c.tableoid = old.place
  and c.hour < ${before}::timestamptz`
}
