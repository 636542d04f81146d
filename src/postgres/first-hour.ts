import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HOUR_MS, hourOf } from '../model/hour.ts'
import type { KeyRange } from '../model/key.ts'
import type { ReadFirstHour } from '../model/read.ts'
import type { Reach } from '../model/rollups/reach.ts'
import type { Postgres } from './driver/session.ts'
import type { Ask } from './execute.ts'
import { inRange } from './key-ranges.ts'
import { reaching } from './rollups/reaching.ts'
import { DAY_START, STANDS } from './rollups/segments.ts'
import { type Read, reading } from './statement.ts'
import { orTooSlow, SHARED } from './too-slow.ts'

const answerSchema = z.object({ first_hour: z.coerce.number().nullable() })

/** Finds the first hour of some keys, among hours and days: the hours of a day may be deleted while the day is kept. */
export function createFirstHourReader(postgres: Postgres): ReadFirstHour {
  return async (asked) => {
    const answered = async (reach: Reach, read: Ask) => {
      const isDays = reach !== 'young'
      const answer =
        'keys' in asked
          ? read(isDays ? OF_KEYS : OF_HOURS_OF_KEYS, { keys: asked.keys })
          : read(isDays ? underRanges(asked.ranges) : hoursUnder(asked.ranges))
      const { first_hour: first } = answerSchema.parse(await answer)
      return first === null ? null : hourOf(first * HOUR_MS)
    }
    const kind = 'keys' in asked ? 'keys' : 'prefix'
    return await orTooSlow(postgres, SHARED, kind, (read) =>
      reaching('days', (reach) => answered(reach, read)),
    )
  }
}

function firstHour(first: SQL): Read {
  return reading(
    sql`(select floor(extract(epoch from first) / 3600)::int from (${first}) as found (first)) as first_hour`,
  )
}

/** Two descents of a primary key for each key. */
const OF_KEYS = firstHour(sql`select min(least(
    (select min(hour) from sumdial.counters where key = asked.key),
    (select ${DAY_START} from sumdial.days where key = asked.key order by day limit 1)))
  from unnest(${sql.placeholder('keys')}::text[]) as asked (key)`)

const OF_HOURS_OF_KEYS =
  firstHour(sql`select min((select min(hour) from sumdial.counters where key = asked.key))
  from unnest(${sql.placeholder('keys')}::text[]) as asked (key)`)

/**
 * No index has the first hour of a prefix, because keys come before hours in the one and after them in the other. So it goes
 * from hour to hour that there is, and from day to day where days are made: two descents for each, and no further than the
 * first that has such a key. Where none of 14 months has one, that took 16 ms with days made, and 0.2 s without.
 */
function underRanges(ranges: readonly KeyRange[]): Read {
  const some = (rows: SQL) => someOf(rows, ranges)
  return firstHour(sql`with recursive by_day as (
    select ${DAY_START} as first from sumdial.rollups as made
    where ${STANDS} and ${some(sql`sumdial.days where day = made.day`)} order by day limit 1
  ), walk as (
    select min(hour) as hour from sumdial.counters
    union all
    select (select min(hour) from sumdial.counters where hour > coalesce(
      (select ${DAY_START} + interval '23 hours' from sumdial.rollups where ${IS_DAY_OF_WALK} and ${STANDS}), walk.hour))
    from walk where walk.hour < coalesce((select first from by_day), 'infinity')
      and (exists (select from sumdial.rollups where ${IS_DAY_OF_WALK} and ${STANDS})
        or not ${some(sql`sumdial.counters where hour = walk.hour`)})
  )
  select least((select first from by_day), case when count(*) = count(hour) then max(hour) end) from walk`)
}

/** Goes from hour to hour, where the tables of days are not there yet. */
function hoursUnder(ranges: readonly KeyRange[]): Read {
  return firstHour(sql`with recursive walk as (
    select min(hour) as hour from sumdial.counters
    union all
    select (select min(hour) from sumdial.counters where hour > walk.hour)
    from walk where walk.hour is not null and not ${someOf(sql`sumdial.counters where hour = walk.hour`, ranges)}
  )
  select case when count(*) = count(hour) then max(hour) end from walk`)
}

/** Whether any of these rows has a key of the ranges. */
function someOf(rows: SQL, ranges: readonly KeyRange[]): SQL {
  const each = ranges.map((range) => sql`(select true from ${rows} and ${inRange(range, null)} limit 1)`)
  return sql`coalesce(${sql.join(each, sql`, `)}, false)`
}

const IS_DAY_OF_WALK = sql`day = (walk.hour at time zone 'UTC')::date`
