import { sql } from 'drizzle-orm'
import { bigint, date, jsonb, numeric, pgSchema } from 'drizzle-orm/pg-core'
import { instant, key, SCHEMA } from './schema.ts'

// Views for people who ask in SQL; the code reads none of them. Postgres refuses to change the type of a column
// that a view has: a migration that does drops the views before it and makes them again after it.
const sumdial = pgSchema(SCHEMA)

/** The columns of a cell. Made anew for each view. */
const cellColumns = () => ({
  sum: numeric('sum'),
  count: bigint('count', { mode: 'bigint' }),
  min: bigint('min', { mode: 'bigint' }),
  max: bigint('max', { mode: 'bigint' }),
})

/**
 * Each key and hour by its labels, with what came without any as a row whose `labels` are null: the rows of a key and hour
 * add up to its row in `counters`. `min` and `max` of that remainder are not known, and null.
 */
export const sliced = sumdial
  .view('sliced', {
    key: key('key'),
    hour: instant('hour'),
    labels: jsonb('labels'),
    ...cellColumns(),
  })
  .as(
    sql`select key, hour, labels, sum, count, min, max from sumdial.slices union all select c.key, c.hour, null, c.sum - coalesce(s.sum, 0), c.count - coalesce(s.count, 0), null, null from sumdial.counters c left join lateral (select sum(sum) as sum, sum(count)::bigint as count from sumdial.slices where key = c.key and hour = c.hour) s on true where c.count <> coalesce(s.count, 0)`,
  )

/** A join with the rows of days that stand for their hours. [D1] */
const THAT_COUNT = `join sumdial.rollups r on r.day = d.day and r.state in ('good', 'gone')`

/**
 * The UTC days whose hours count, each with its sums. A grouped lateral is gone through day by day, by an index; as a plain join
 * of hours and days it took 50 times as long for one key of a year.
 */
const fromHours = (table: string, columns: string) => `(
  select each::date as day from generate_series(
    (select (min(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp,
    (select (max(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp, interval '1 day') as each
  where not exists (select from sumdial.rollups r where r.day = each::date and r.state in ('good', 'gone'))
) d cross join lateral (
  select ${columns}, sum(sum) as sum, sum(count)::bigint as count, min(min) as min, max(max) as max from sumdial.${table}
  where hour >= d.day::timestamp at time zone 'UTC' and hour < (d.day + 1)::timestamp at time zone 'UTC' group by ${columns}
) h`

/** Sums by UTC day, from days where these count and from hours elsewhere. Conditions on `key` and on `day` use an index. [D1] */
export const daily = sumdial
  .view('daily', {
    key: key('key'),
    day: date('day'),
    ...cellColumns(),
  })
  .as(
    sql.raw(`select d.key, d.day, d.sum, d.count, d.min, d.max from sumdial.days d ${THAT_COUNT}
union all select h.key, d.day, h.sum, h.count, h.min, h.max from ${fromHours('counters', 'key')}`),
  )

const LABELLED_DAYS = `select d.key, d.day, d.labels, d.sum, d.count, d.min, d.max from sumdial.slice_days d ${THAT_COUNT}
union all select h.key, d.day, h.labels, h.sum, h.count, h.min, h.max from ${fromHours('slices', 'key, labels')}`

/** `sliced` by UTC day. The rows of a key and day add up to its row in `daily`. */
export const slicedDaily = sumdial
  .view('sliced_daily', {
    key: key('key'),
    day: date('day'),
    labels: jsonb('labels'),
    ...cellColumns(),
  })
  .as(
    sql.raw(`${LABELLED_DAYS}
union all select key, day, null, sum(sum), sum(count)::bigint, null, null from (
  select key, day, sum, count from sumdial.daily union all select key, day, -sum, -count from (${LABELLED_DAYS}) l
) rest group by key, day having sum(count) <> 0`),
  )

const firstOrLastHour = (aggregate: 'min' | 'max', day: string) => `coalesce((
  select ${aggregate}(hour) from sumdial.counters c
  where c.key = t.key and c.hour >= t.${day}::timestamp at time zone 'UTC' and c.hour < (t.${day} + 1)::timestamp at time zone 'UTC'
    and not exists (select from sumdial.rollups r where r.day = t.${day} and r.state = 'gone')
), t.${day}::timestamp at time zone 'UTC')`

/** Each key's sums over all time. Of a day whose hours are gone, the first hour and the last one are the day's begin. */
export const totals = sumdial
  .view('totals', {
    key: key('key'),
    ...cellColumns(),
    firstHour: instant('first_hour'),
    lastHour: instant('last_hour'),
  })
  .as(
    sql.raw(`select key, sum, count, min, max, ${firstOrLastHour('min', 'first')} as first_hour, ${firstOrLastHour('max', 'last')} as last_hour from (
  select key, sum(sum) as sum, sum(count)::bigint as count, min(min) as min, max(max) as max, min(day) as first, max(day) as last
  from sumdial.daily group by key
) t`),
  )
