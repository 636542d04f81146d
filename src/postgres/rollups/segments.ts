import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { CoarseRange } from '../../model/read.ts'
import type { Reach } from '../../model/rollups/reach.ts'
import { unionAll } from '../key-ranges.ts'

/** The hours that a read is about. */
export type Span = {
  readonly reach: Reach
  readonly from: SQL
  readonly to: SQL
  /** The first hours of the buckets, as an array of float8 in hours since 1970; null when the whole range is added up. */
  readonly bounds: SQL | null
}

/** Rows of one table of hours, or of its table of days: both have the columns that are read. */
export type Part = {
  readonly table: 'counters' | 'slices'
  readonly columns: SQL
  /** A condition that says nothing of hours. */
  readonly where: SQL
}

const TABLES = {
  counters: { hours: sql`sumdial.counters`, days: sql`sumdial.days` },
  slices: { hours: sql`sumdial.slices`, days: sql`sumdial.slice_days` },
}

/**
 * The rows of a read, from days where these may stand for their hours and from hours elsewhere, as the text after `from`. Each
 * row has `hour`, when its hour or day begins, and the columns of its part. [D1]
 *
 * A segment is a piece of the range that is read from one of the two. They are made here, in the statement that reads them,
 * because only then days, hours and the ledger are of one snapshot. [R1] A condition such as `not in (good days)` would read
 * every hour.
 */
export function rowsOver(span: Span, parts: readonly Part[]): SQL {
  const { reach, from, to } = span
  if (reach === 'young') {
    const rows = parts.map(
      ({ table, columns, where }) =>
        sql`select hour, ${columns} from ${TABLES[table].hours} where ${where} and hour >= ${from} and hour < ${to}`,
    )
    return sql`(${unionAll(rows)}) as found`
  }
  const rows = parts.flatMap(({ table, columns, where }) => [
    sql`select hour, ${columns} from ${TABLES[table].hours}
    where not segment.is_days and ${where} and hour >= segment.since and hour < segment.until`,
    sql`select day::timestamp at time zone 'UTC' as hour, ${columns} from ${TABLES[table].days}
    where segment.is_days and ${where} and day >= (segment.since at time zone 'UTC')::date
      and day < (segment.until at time zone 'UTC')::date`,
  ])
  return sql`${segments(span)} cross join lateral (${unionAll(rows)}) as found`
}

/**
 * The segments of a range. `unnest` is there for the planner, which takes an array for ten rows; of the list itself it expects
 * hundreds, and prepares for millions of rows.
 */
function segments(span: Span): SQL {
  const { from, to } = span
  return sql`(
    with used as (
      select day, day - (row_number() over (order by day))::int as island from ${rolledUp(span)} where is_gone or ${isWhole(span)}
    ), island as (
      select min(day)::timestamp at time zone 'UTC' as since, (max(day) + 1)::timestamp at time zone 'UTC' as until
      from used group by island
    ), piece (is_days, since, until) as (
      select true, greatest(since, date_trunc('day', ${from} at time zone 'UTC' + interval '23 hours') at time zone 'UTC'), until
      from island
      union all select false, lag(until, 1, ${from}) over (order by since), since from island
      union all select false, coalesce(max(until), ${from}), ${to} from island
    )
    select array_agg(is_days) as kinds, array_agg(since) as starts, array_agg(until) as ends from piece where since < until
  ) as list, unnest(list.kinds, list.starts, list.ends) as segment (is_days, since, until)`
}

/**
 * The days of a range whose hours nobody reads any more and that an edge of the range or of a bucket cuts, neighbours joined, as
 * an array of `from` and `to`. Such a day counts whole where it begins. [D1]
 */
export function coarseDays(span: Span): SQL {
  if (span.reach === 'young') return sql`'[]'::json`
  return sql`(select coalesce(json_agg(json_build_object('from', min, 'to', max + 1) order by min), '[]'::json) from (
    select min(day), max(day) from (
      select day, day - (row_number() over (order by day))::int as island from ${rolledUp(span)} where is_gone and not ${isWhole(span)}
    ) as cut group by island
  ) as island)`
}

/** One of `coarseDays`. */
export const coarseSchema = z
  .object({ from: z.iso.date(), to: z.iso.date() })
  .transform(({ from, to }): CoarseRange => ({ from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` }))

/** The days of which any part is in the range, and that may stand for their hours. */
function rolledUp({ from, to }: Span): SQL {
  return sql`(
        select day, day::timestamp at time zone 'UTC' as start, state = 'gone' as is_gone from sumdial.rollups
        where state in ('good', 'gone') and day >= (${from} at time zone 'UTC')::date
          and day < (${to} at time zone 'UTC' + interval '23 hours')::date
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
