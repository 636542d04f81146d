import { sql } from 'drizzle-orm'
import { z } from 'zod'
import {
  MAKE_AFTER_DAYS,
  MAKE_QUIET_HOURS,
  PIECE_ROWS_MAX,
  ROLLUPS_BEGIN_HOURS,
  STATEMENT_MS_MAX,
} from '../../limits.ts'
import { must } from '../../model/assert.ts'
import type { WithRollups } from '../../model/rollups/rollups.ts'
import type { Postgres } from '../driver/session.ts'
import { executing } from '../execute.ts'
import { PATIENT, reading, writing } from '../statement.ts'
import { BEGINS } from './begins.ts'
import { claimDay, fillDay, readMade } from './make.ts'

/**
 * @param withinMs how long a statement may take, and both of those that make a piece of a day.
 * @param pieceRows rows of an hour that a piece has at most.
 */
export function createRollups(
  postgres: Postgres,
  withinMs = STATEMENT_MS_MAX,
  pieceRows = PIECE_ROWS_MAX,
): WithRollups {
  return (work) =>
    executing(postgres, withinMs, (execute, transact, ask) =>
      work({
        async daysToMake(most, when) {
          return toMakeSchema.parse(await ask(daysToMake(most, when === 'now' ? 0 : MAKE_QUIET_HOURS)))
        },

        async makeDay(day) {
          const [, filled] = await transact([claimDay(day), fillDay(day, pieceRows)])
          return readMade(must(filled, 'the answer to the second statement').rows)
        },

        async makeAllAgain() {
          return must((await execute(makeAllAgain)).rowCount, 'how many days are made again')
        },

        async beginNow() {
          await execute(beginNow)
        },
      }),
    )
}

const makeAllAgain = writing(sql`
update sumdial.rollups set state = 'stale', changed = changed + 1 where day in (
  select day from sumdial.rollups where ${PATIENT} and state in ('good', 'partial') order by day for update)`)

const beginNow = writing(sql`
insert into sumdial.settings as s (name, value, recorded_at)
select 'rollups', '{}', clock_timestamp() - make_interval(hours => ${ROLLUPS_BEGIN_HOURS}::int) where ${PATIENT}
on conflict (name) do update set recorded_at = least(s.recorded_at, excluded.recorded_at)`)

/**
 * Days with hours are found by jumping from one to the next in the index of hours: a year is 365 look-ups, however many rows it
 * has. A day that has changed is among `rollups`, also when all of its hours were deleted by SQL.
 */
function daysToMake(most: number, quietHours: number) {
  return reading(sql`answer.days, answer.count, answer.begins_in_ms as "beginsInMs"
from (
  with recursive bound as materialized (
    select (clock_timestamp() at time zone 'UTC')::date - ${1 + MAKE_AFTER_DAYS}::int as last,
      clock_timestamp() - make_interval(hours => ${quietHours}::int) as quiet,
      ${BEGINS} - clock_timestamp() as begins_in
  ), jump (day) as (
    select ((select min(hour) from sumdial.counters where hour > '-infinity') at time zone 'UTC')::date
    union all
    select ((select min(hour) from sumdial.counters
      where hour >= (jump.day + 1)::timestamp at time zone 'UTC') at time zone 'UTC')::date
    from jump, bound where jump.day < bound.last
  ), wanted as (
    select jump.day, false as was_made from jump, bound
    where jump.day <= bound.last and not exists (select from sumdial.rollups as r where r.day = jump.day)
    union all
    select r.day, r.made_at is not null from sumdial.rollups as r, bound
    where r.state in ('stale', 'building', 'partial') and r.day <= bound.last and coalesce(r.changed_at < bound.quiet, true)
  ), found as (
    select day, was_made from wanted, bound where bound.begins_in <= interval '0'
  )
  select (select count(*) from found)::int as count,
    (select coalesce(json_agg(day), '[]'::json) from (
      select day from found order by was_made, day limit ${most}::int
    ) as first) as days,
    greatest(0, ceil(extract(epoch from begins_in) * 1000))::float8 as begins_in_ms
  from bound
) as answer`)
}

const toMakeSchema = z.object({
  days: z.array(z.string()),
  count: z.number(),
  beginsInMs: z.number(),
})
