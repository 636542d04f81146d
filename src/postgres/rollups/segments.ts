import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { EACH_HOUR_MAX } from '../../limits.ts'
import type { CoarseRange } from '../../model/read.ts'
import type { Reach } from '../../model/rollups/reach.ts'
import { unionAll } from '../key-ranges.ts'
import { EACH_HOUR, ofEachHour } from './each-hour.ts'

/** The hours that a read is about. */
export type Span = {
  readonly reach: Reach
  readonly from: SQL
  readonly to: SQL
  /** The first hours of the buckets, as an array of float8 in hours since 1970; null when the whole range is added up. */
  readonly bounds: SQL | null
}

/** A table of hours whose rows are read, or of their days: both have its columns. */
export type Table = { readonly name: 'counters' | 'slices'; readonly columns: SQL }

/** Whether a row of `rollups` says that its day may be read in place of its hours. */
export const STANDS = sql`state in ('good', 'gone')`

/** When a row's day begins. */
export const DAY_START = sql`day::timestamp at time zone 'UTC'`

export const TABLES = {
  counters: { hours: sql`sumdial.counters`, days: sql`sumdial.days` },
  slices: { hours: sql`sumdial.slices`, days: sql`sumdial.slice_days` },
}

/** Rows that a `select` adds up: the texts after its `from` and its `where`. */
export type Rows = { readonly found: SQL; readonly isAsked: SQL }

type Pieces = {
  /** A `with` for the whole statement; null when it needs none. */
  readonly cover: SQL | null
  readonly pieces: readonly Rows[]
}

/**
 * The rows of a read: days where these stand for their hours, and hours elsewhere. Each row has `hour`, when its hour or day
 * begins, and the columns of its table. Rows come in one or two pieces. Add up each piece, and then their sums. [D1]
 *
 * The statement that reads finds out itself which days stand for their hours, in `cover`, with which it begins. Only so are days,
 * hours and the ledger of one snapshot. [R1]
 *
 * Of days with few hours beside them, the hours are a piece of their own, one by one. Otherwise the first piece looks for days in the
 * whole range, and also for hours if these are most of the range. Postgres chooses how, and adds up many rows in parallel, because
 * all conditions are outside of the `union`. If days are most of the range, a second piece looks for hours between them. A condition
 * such as `not in (days)` would read all hours.
 *
 * @param where a condition on keys.
 */
export function piecesOf(span: Span, tables: readonly Table[], where: SQL): Pieces {
  const { reach, from, to } = span
  const inRange = sql`hour >= ${from} and hour < ${to}`
  const hours = hoursOf(tables)
  if (reach === 'young') {
    return {
      cover: null,
      pieces: [{ found: sql`(${hours}) as found`, isAsked: sql`${where} and ${inRange}` }],
    }
  }
  if (reach === 'days') {
    return {
      cover: sql`with cover as materialized (${fewHours(span)})`,
      pieces: [ofDays(span, tables, where), hourByHour(hours, where)],
    }
  }
  const daysAndHours = tables.flatMap(({ name, columns }) => [
    sql`select true as is_day, day, ${DAY_START} as hour, ${columns} from ${TABLES[name].days}`,
    sql`select false, null, hour, ${columns} from ${TABLES[name].hours}`,
  ])
  const whole = {
    found: sql`(${unionAll(daysAndHours)}) as found`,
    isAsked: sql`${where} and case when is_day
      then not (select is_empty from cover) and ${isDayOf(span)}
      else (select is_mostly_hours from cover) and ${inRange}
        and ((select is_empty from cover) or hour <@ (select hours from cover)) end`,
  }
  return {
    cover: sql`with cover as materialized (select *, ${isMostlyHours(span)} as is_mostly_hours from (${cover(span)}) as days)`,
    pieces: reach === 'hours' ? [whole] : [whole, betweenDays(hours, where, sql`where not is_mostly_hours`)],
  }
}

/**
 * The rows of a read of few keys. Hours between days are looked for also if they are most of the range, because the primary key
 * finds them just as well. With fewer ways to choose from, Postgres plans the statement in a fraction of the time, which was
 * most of what a read of one key took.
 */
export function piecesOfKeys(span: Span, tables: readonly Table[], where: SQL): Pieces {
  if (span.reach !== 'days') return piecesOf(span, tables, where)
  return {
    cover: sql`with cover as materialized (${cover(span)})`,
    pieces: [ofDays(span, tables, where), betweenDays(hoursOf(tables), where)],
  }
}

function hoursOf(tables: readonly Table[]): SQL {
  return unionAll(tables.map(({ name, columns }) => sql`select hour, ${columns} from ${TABLES[name].hours}`))
}

/** Days that stand for their hours. */
function ofDays(span: Span, tables: readonly Table[], where: SQL): Rows {
  const days = tables.map(
    ({ name, columns }) => sql`select day, ${DAY_START} as hour, ${columns} from ${TABLES[name].days}`,
  )
  // Without a `cover` no row is looked at, because PostgreSQL asks for it once.
  const isAsked = sql`exists (select from cover) and ${where} and ${isDayOf(span)}`
  return { found: sql`(${unionAll(days)}) as found`, isAsked }
}

/** Hours that no day stands for, where they are few. */
function hourByHour(hours: SQL, where: SQL): Rows {
  return {
    found: sql`(select found.* from ${EACH_HOUR} cross join lateral (select * from (${hours}) as every
        where ${ofEachHour(where)} offset 0) as found
      ${UNKNOWN_LIMIT}) as found`,
    isAsked: sql`true`,
  }
}

/** Hours that no day stands for. @param ifAny a condition on `cover`, without which none are looked for. */
function betweenDays(hours: SQL, where: SQL, ifAny = sql``): Rows {
  return {
    found: sql`unnest(array(select unnest(hours) from cover ${ifAny})) as between_days
      cross join lateral (select * from (${hours}) as every
        where ${where} and hour >= lower(between_days) and hour < upper(between_days) offset 0) as found`,
    isAsked: sql`true`,
  }
}

/** Whether a row's day stands for its hours. The bounds of the range are there for the index. */
export function isDayOf({ from, to }: Span): SQL {
  return sql`day >= ${dayFrom(from)} and day < ${dayFrom(to)} and ${likely(sql`day <@ (select days from cover)`)}`
}

/** A condition that the planner takes for one that half of the rows meet. Of `<@` it expects one row in 200. */
function likely(condition: SQL): SQL {
  return sql`coalesce(${condition}, false)`
}

/** The day that begins at a time, or the next one to begin. */
export function dayFrom(time: SQL): SQL {
  return sql`(${time} at time zone 'UTC' + interval '23 hours')::date`
}

/**
 * Days that stand for their hours, how many they are, hours of the range that are left, and about how many of these have rows. Days of
 * before the last one that was made, which nobody has made or marked, have none: the oldest are made first, and who counts in them
 * marks them. Because of the `offset` it is found out once for each day whether it stands.
 */
export function cover(span: Span): SQL {
  const { from, to } = span
  return sql`
    select coalesce(range_agg(daterange(day, day + 1)) filter (where stands), '{}') as days,
      count(*) filter (where stands) as days_count, not coalesce(bool_or(stands), false) as is_empty,
      tstzmultirange(tstzrange(${from}, ${to})) - coalesce(range_agg(tstzrange(start, start + interval '24 hours')) filter (where stands), '{}') as hours,
      24 * count(*) filter (where not stands)
        + extract(epoch from ${to} - greatest(${from}, max(start) filter (where stands) + interval '24 hours')) / 3600 as hours_count
    from (select *, is_gone or is_made and ${isWhole(span)} as stands from ${rolledUp(span)} offset 0) as rolled_up
  `
}

/** The `cover` of a range that has days, and few hours beside them; nothing for any other. */
export function fewHours(span: Span): SQL {
  return sql`select * from (${cover(span)}) as cover where not is_empty and hours_count <= ${EACH_HOUR_MAX}::int`
}

/** Whether more hours than days are to be read. */
function isMostlyHours({ reach }: Span): SQL {
  return reach === 'hours' ? sql`true` : sql`hours_count > 24 * days_count`
}

/**
 * The days of a range whose hours nobody reads any more and that an edge of the range or of a bucket cuts, neighbours joined, as
 * an array of `from` and `to`. Such a day counts whole where it begins. [D1]
 */
export function coarseDays(span: Span): SQL {
  if (span.reach === 'young') return sql`'[]'::json`
  return sql`(select coalesce(json_agg(json_build_object('from', lower(cut), 'to', upper(cut)) order by cut), '[]'::json) from (
    select unnest(range_agg(daterange(day, day + 1))) as cut from ${rolledUp(span)} where is_gone and not ${isWhole(span)}
  ) as island)`
}

/** `coarseDays`, or null where `fewHours` has nothing, so that nothing was read. */
export function coarseIfFew(span: Span): SQL {
  if (span.reach !== 'days') return coarseDays(span)
  return sql`case when exists (${fewHours(span)}) then ${coarseDays(span)} end`
}

/** Many hours would have to be read beside days, or there are no days. */
export class ManyHours extends Error {
  override readonly name = 'ManyHours'
}

/** Reads what `coarseDays` and `coarseIfFew` answer. Throws ManyHours. */
export const coarseSchema = z
  .array(z.object({ from: z.iso.date(), to: z.iso.date() }))
  .nullable()
  .transform((days): CoarseRange[] => {
    if (days === null) throw new ManyHours()
    return days.map(({ from, to }) => ({ from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` }))
  })

/** The days of which any part is in the range, and that somebody has made or marked. */
function rolledUp({ from, to }: Span): SQL {
  return sql`(
      select day, ${DAY_START} as start, state = 'gone' as is_gone, ${STANDS} as is_made from sumdial.rollups
      where day >= (${from} at time zone 'UTC')::date and day < ${dayFrom(to)}
    ) as rolled_up`
}

/** Whether all hours of a day are in the range, and in one bucket: then it may stand for them. */
function isWhole({ reach, from, to, bounds }: Span): SQL {
  if (reach === 'hours') return sql`false`
  const isInRange = sql`start >= ${from} and start + interval '24 hours' <= ${to}`
  if (bounds === null) return sql`(${isInRange})`
  const [first, last] = [bucketAt(sql`start`, bounds), bucketAt(sql`start + interval '23 hours'`, bounds)]
  return sql`(${isInRange} and ${first} = ${last})`
}

/** The number of the bucket that an hour is in, from 1. */
export function bucketAt(hour: SQL, bounds: SQL): SQL {
  return sql`width_bucket(date_part('epoch', ${hour}) / 3600, ${bounds})`
}

/**
 * No limit, but the planner does not know that, and expects a tenth of the rows at a tenth of the cost. From a cost of 100,000 on,
 * PostgreSQL compiles a statement (JIT), and that takes longer than a read of days.
 */
export const UNKNOWN_LIMIT = sql`limit (select null::bigint)`
