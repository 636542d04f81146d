import { type SQL, sql } from 'drizzle-orm'
import { EACH_HOUR_MAX } from '../../limits.ts'
import { unionAll } from '../key-ranges.ts'
import { type Part, rowsOver, type Span, segments, TABLES } from './segments.ts'

/**
 * The rows of a read of many keys, with the columns of its part and `hour`, as `rowsOver` has them. [D1]
 *
 * Postgres cannot know how many days or hours a segment has, so it would choose an index blindly. Day by day, and hour by hour
 * while the hours are few, (day, key) and (hour, key) find exactly the rows that are asked for, however many keys that are.
 * Many hours, as before the days of a table are made, are read as if there were no days: by whatever Postgres chooses for the
 * whole range, without the hours that a day stands for.
 */
export function rowsOfManyKeys(span: Span, parts: readonly Part[]): SQL {
  if (span.reach === 'young') return rowsOver(span, parts)
  return sql`(with ${segmentTables(span)} ${rowsOfSegments(span, parts)}) as found`
}

/** A `select` of those rows, behind the tables of `segmentTables`. */
export function rowsOfSegments({ from, to }: Span, parts: readonly Part[]): SQL {
  const ofDay = parts.map(
    ({ table, columns, where }) =>
      sql`select day::timestamp at time zone 'UTC' as hour, ${columns} from ${TABLES[table].days} where day = each_day.day and ${where}`,
  )
  const ofHour = parts.map(
    ({ table, columns, where }) =>
      sql`select hour, ${columns} from ${TABLES[table].hours} where hour = each_hour.hour and ${where}`,
  )
  const ofRange = parts.map(
    ({ table, columns, where }) => sql`select hour, ${columns} from ${TABLES[table].hours}
where ${where} and hour >= ${from} and hour < ${to} and (select hours_count > ${EACH_HOUR_MAX}::int from extent) and ${IS_HOUR}`,
  )
  return sql`select found.* from ${EACH_DAY} cross join lateral (select * from (${unionAll(ofDay)}) as of_day offset 0) as found
union all select found.* from ${EACH_HOUR} cross join lateral (select * from (${unionAll(ofHour)}) as of_hour offset 0) as found
where (select hours_count <= ${EACH_HOUR_MAX}::int from extent)
union all ${unionAll(ofRange)}`
}

/** Tables for the `with` of a statement: `segment`, and `extent`, whose one row says which days and which hours these are. */
export function segmentTables(span: Span): SQL {
  return sql`segment as materialized (
  select is_days, since, until from ${segments(span)}
), extent as materialized (
  select range_agg(daterange((since at time zone 'UTC')::date, (until at time zone 'UTC')::date)) filter (where is_days) as days,
    range_agg(tstzrange(since, until)) filter (where not is_days) as hours,
    coalesce(sum(extract(epoch from until - since) / 3600) filter (where not is_days), 0) as hours_count
  from segment
)`
}

/** Whether no day stands for its hours. */
export const IS_ALL_HOURS = sql`(select days is null from extent)`

/** Whether a row's hour is read as an hour. Without such hours it is null, which is no. */
const IS_HOUR = sql`(${IS_ALL_HOURS} or hour <@ (select hours from extent))`

/** Whether a row's day stands for its hours. The bounds of the range are there for the index. */
export function isDay({ from, to }: Span): SQL {
  return sql`day >= (${from} at time zone 'UTC')::date and day < (${to} at time zone 'UTC' + interval '23 hours')::date
and day <@ (select days from extent)`
}

export const EACH_DAY = sql`(select day::date from segment, generate_series(since at time zone 'UTC',
  until at time zone 'UTC' - interval '1 day', interval '1 day') as day where is_days) as each_day`

export const EACH_HOUR = sql`(select hour from segment, generate_series(since, until - interval '1 hour', interval '1 hour') as hour
  where not is_days) as each_hour`
