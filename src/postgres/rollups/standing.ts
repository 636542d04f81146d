import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { MAKE_AFTER_DAYS, READ_STATEMENT_MS_MAX } from '../../limits.ts'
import type { DaysStanding } from '../../model/rollups/rollups.ts'
import type { Postgres } from '../driver/session.ts'
import { reader } from '../execute.ts'
import { reading } from '../statement.ts'
import { BEGINS } from './begins.ts'
import { STANDS } from './segments.ts'

/** How far the days are made. It rejects when Postgres cannot be asked. */
export function createStandingReader(postgres: Postgres): () => Promise<DaysStanding> {
  const read = reader(postgres, READ_STATEMENT_MS_MAX)
  return async () => standingSchema.parse(await read(standing))
}

/**
 * Reads `rollups`, which has a row for each day, and looks into the hours only where days are missing among them, by the index: ten
 * years without a gap are 3,650 rows and two look-ups.
 */
const standing = reading(sql`answer.through, answer.next, answer.stale, answer.begins_ms as "beginsMs"
from (
  with bound as materialized (
    select (clock_timestamp() at time zone 'UTC')::date - ${1 + MAKE_AFTER_DAYS}::int as last,
      ${BEGINS} as begins
  ), known as materialized (
    select day, ${STANDS} as is_made, lead(day) over (order by day) as following
    from sumdial.rollups, bound where day <= bound.last
  ), gap as (
    select '-infinity'::date as from_day, coalesce((select min(day) from known), bound.last + 1) as to_day from bound
    union all
    select day + 1, coalesce(following, bound.last + 1) from known, bound where coalesce(following, bound.last + 1) > day + 1
  ), unmade as (
    select (
      select (hour at time zone 'UTC')::date from sumdial.counters
      where hour > '-infinity' and hour >= gap.from_day::timestamp at time zone 'UTC' and hour < gap.to_day::timestamp at time zone 'UTC'
      order by hour limit 1
    ) as day from gap
    union all
    select day from known where not is_made
  ), first as materialized (
    select min(day) as day from unmade
  )
  select (select max(known.day) from known, first where is_made and known.day < coalesce(first.day, 'infinity'))::text as through,
    (select day from first)::text as next,
    (select count(*) from known where not is_made)::int as stale,
    case when begins > clock_timestamp() then extract(epoch from begins) * 1000 end::float8 as begins_ms
  from bound
) as answer`)

const standingSchema = z.object({
  through: z.string().nullable(),
  next: z.string().nullable(),
  stale: z.number(),
  beginsMs: z.number().nullable(),
})
