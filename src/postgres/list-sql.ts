import { type SQL, sql } from 'drizzle-orm'
import { LIST_BY_HOUR_ROWS_MAX } from '../limits.ts'
import { formatHourStart } from '../model/hour.ts'
import type { Grouping, ListQuery } from '../model/read.ts'
import type { Reach } from '../model/rollups/reach.ts'
import { meets } from './groups.ts'
import { inRange, LAST_KEY, unionAll } from './key-ranges.ts'
import { IS_READABLE, rowNamesSql } from './readable.ts'
import { EACH_HOUR, HOURS } from './rollups/each-hour.ts'
import { rowsOfEachDay, rowsOfManyKeys, rowsOfRange, type Selection } from './rollups/many-keys.ts'
import {
  coarseDays,
  coarseIfFew,
  cover,
  fewHours,
  isDayOf,
  type Span,
  UNKNOWN_LIMIT,
} from './rollups/segments.ts'

/** A list as its statement asks it: how far it reaches, and whether it leaves out rows that are no cells. See readable.ts. */
export type ListStatement = ListQuery & { readonly reach: Reach; readonly isCareful?: boolean }

/**
 * The statement of a list, which answers a row for each item, in order.
 *
 * `npm run bench -- --scenario reads` measures it with ten million rows of a year, and explains this very text.
 */
export function listSql(query: ListStatement): SQL {
  if (query.grouping !== null) return groupsSql(query, query.grouping)
  return isPage(query) ? pageSql(query) : itemsSql(query, fenced(query))
}

/** The coarse days of the answer to `listSql`. */
export function coarseSql(query: ListStatement): SQL {
  return isPage(query) ? coarseIfFew(spanOf(query)) : coarseDays(spanOf(query))
}

/** By labels no index finds the first keys, so all slices of the range are looked at. */
function isPage({ grouping, sort, where }: ListQuery): boolean {
  return grouping === null && sort === 'key' && where.length === 0
}

/**
 * The statement that names one unreadable row of each key of a list that has one.
 *
 * @param upTo the last key of the page; null for all.
 */
export function unreadableSql(query: ListStatement, upTo: string | null): SQL {
  const selections = selectionsOf(query, sql`${COLUMNS}`, sql` and not ${IS_READABLE}`)
  const above = upTo === null ? sql`` : sql`where key <= ${upTo}::text`
  return rowNamesSql(sql`${rowsOfManyKeys(spanOf(query), selections)} ${above}`)
}

/** The range of hours that a list is about. */
export function spanOf({ reach, from, to }: ListStatement): Span {
  const start = (hour: typeof from) => sql`${formatHourStart(hour)}::timestamptz`
  return { reach, from: start(from), to: start(to), bounds: null }
}

/** Items of some rows. */
function itemsSql({ sort, limit }: ListStatement, rows: SQL): SQL {
  return sql`select key, ${SUMS}, ${NO_GROUP} from (${rows}) as found group by key order by ${ORDERS[sort]} limit ${limit}::int`
}

/** Sums leave as text: JSON readers round beyond 2^53. */
const SUMS = sql`sum(sum)::text as sum, sum(count)::text as count, min(min)::text as min, max(max)::text as max,
  floor(extract(epoch from max(updated_at)) * 1000)::text as last_flush_ms`

const NO_GROUP = sql`null::text as keys, null::boolean as is_key`

/** `key` is the column that a list answers with; for groups it has their names. */
const ORDERS = { key: sql`key`, '-sum': sql`sum(sum) desc, key`, '-count': sql`sum(count) desc, key` }

const COLUMNS = sql`key, sum, count, min, max, updated_at`

/** All rows of the range, from days where these stand for their hours. */
function allRows(query: ListStatement): SQL {
  const rows = rowsOfManyKeys(spanOf(query), selectionsOf(query, columnsOf(query), unlessUnreadable(query)))
  return sql`select ${COLUMNS} from ${rows}`
}

/** @param more a condition on cells, behind an `and`. */
function selectionsOf(query: ListStatement, columns: SQL, more: SQL): Selection[] {
  return query.ranges.map((range) => ({
    table: query.where.length === 0 ? 'counters' : 'slices',
    columns,
    where: sql`${inRange(range, query.after)}${ifContains(query)}${ifLabelled(query)}${more}`,
  }))
}

/**
 * No index helps to find a text inside a key, so all keys of the ranges and hours are looked at. That takes what adding them
 * up for a list by size takes. Not `like`, in which some characters stand for others.
 */
function ifContains({ contains }: ListQuery): SQL {
  return contains === null ? sql`` : sql` and strpos(key, ${contains}::text) > 0`
}

function ifLabelled({ where }: ListQuery): SQL {
  return where.length === 0 ? sql`` : sql` and ${meets(where)}`
}

/** Whole sums, also of rows that somebody wrote as 2.0. */
function columnsOf({ isCareful = false }: ListStatement): SQL {
  return isCareful ? sql`key, trunc(sum) as sum, count, min, max, updated_at` : COLUMNS
}

function unlessUnreadable({ isCareful = false }: ListStatement): SQL {
  return isCareful ? sql` and ${IS_READABLE}` : sql``
}

/**
 * All rows of the range, to be added up in one process. Above a bound that is not known in advance, the planner splits no aggregate
 * among workers. With many keys of a few rows each, as here, workers that send their half sums around took twice as
 * long as one process (838,000 rows of 209,000 keys, 2 busy cores: 3.8 s, and 2.0 s alone).
 *
 * Of hours alone a limit would let the planner expect few rows, and choose an index for these.
 */
function fenced(query: ListStatement): SQL {
  const bound = query.reach === 'young' ? sql`offset (select 0)` : UNKNOWN_LIMIT
  return sql`select ${COLUMNS} from (${allRows(query)}) as one ${bound}`
}

/**
 * A page of keys. Where no days stand for hours it is read as before there were any. Only a second statement asks so, where one of
 * its two halves is not run: the planner counts both, and PostgreSQL would compile the first statement too. See `UNKNOWN_LIMIT`.
 */
function pageSql(query: ListStatement): SQL {
  const { reach } = query
  if (reach === 'young') return itemsSql(query, hoursOfPage(query))
  const span = spanOf(query)
  const first = sql`with cover as materialized (${reach === 'days' ? fewHours(span) : cover(span)}), first_of_days as materialized (${firstOfDays(query)})`
  const byDays = itemsSql(query, rowsOfPage(query))
  if (reach === 'days') return sql`${first} ${byDays}`
  return sql`${first}
select * from (${itemsSql(query, hoursOfPage(query))}) as by_hours where (select is_empty from cover)
union all
select * from (${byDays}) as by_days where not (select is_empty from cover)
order by key`
}

/**
 * Rows that include all of the first `limit` keys, by one of two ways. Hour by hour only where few rows are passed over: with
 * 2.4 million rows of a day, a text that few keys have took longer than 4 s so, and 2 s by all rows.
 */
function hoursOfPage(query: ListStatement): SQL {
  const isNarrow = (query.to - query.from) * query.limit <= LIST_BY_HOUR_ROWS_MAX
  const { from, to } = query
  const hours = sql`(select to_timestamp(hour * 3600.0) as hour from generate_series(${from}::int, ${to}::int - 1) as hour) as each_hour`
  if (isNarrow && query.contains === null) return firstOfEachHour(query, hours, columnsOf(query))
  return allRows({ ...query, reach: 'young' })
}

/**
 * The first `limit` keys of each hour, because a key that is among the first of all hours is also among the first of
 * each hour that it has. This costs one descent of (hour, key) for each hour, however many keys have no row in the
 * range.
 *
 * @param more a condition, behind an `and`.
 */
function firstOfEachHour(query: ListStatement, hours: SQL, columns: SQL, more: SQL = sql``): SQL {
  const selections = selectionsOf(query, columns, unlessUnreadable(query)).map(
    (selection) => sql`(select ${selection.columns} from sumdial.counters
where hour = each_hour.hour and ${selection.where}${more} order by key limit ${query.limit}::int)`,
  )
  return sql`select first.* from ${hours} cross join lateral (${unionAll(selections)}) as first`
}

/** The first `limit` keys of some rows. */
function firstKeys({ limit }: ListStatement, rows: SQL): SQL {
  return sql`select key from (${rows}) as found group by key order by key limit ${limit}::int`
}

/** The first keys of the days that stand for their hours. */
function firstOfDays(query: ListStatement): SQL {
  const selections = selectionsOf(query, sql`key`, unlessUnreadable(query)).map(
    ({ where }) =>
      sql`(${firstKeys(query, sql`select key from sumdial.days where ${where} and ${isDayOf(spanOf(query))}`)})`,
  )
  return firstKeys(query, unionAll(selections))
}

/** Rows that include all of the first `limit` keys: those of the first keys of the days, and of the first keys of the hours. */
function rowsOfPage(query: ListStatement): SQL {
  return unionAll([daysOfPage(query), hoursBesideDays(query)])
}

/**
 * The hours that are read as hours. Where days alone fill a page, they are looked at up to its last key, so that many keys in an
 * hour cost nothing. Many hours are not looked at one by one, as in `hoursOfPage`; their first keys, and those that have a text,
 * are found first, in the index.
 */
function hoursBesideDays(query: ListStatement): SQL {
  const [columns, readable] = [columnsOf(query), unlessUnreadable(query)]
  const upTo = sql` and key <= coalesce((select max(key) from first_of_days having count(*) = ${query.limit}::int), ${LAST_KEY}::text)`
  const isFew = query.reach === 'days'
  if (isFew && query.contains === null) return firstOfEachHour(query, EACH_HOUR, columns, upTo)
  const rows = isFew
    ? firstOfEachHour(query, EACH_HOUR, sql`key`, upTo)
    : rowsOfRange(spanOf(query), selectionsOf(query, sql`key`, sql`${upTo}${readable}`))
  return sql`select found.* from (${firstKeys(query, rows)}) as page cross join ${HOURS} cross join lateral (
  select ${columns} from sumdial.counters
  where key = page.key and hour >= lower(own) and hour < upper(own)${readable} offset 0
) as found`
}

/**
 * The days of the keys of `first_of_days`, which are all keys up to the last of them: day by day, where rows are next to each
 * other. Of keys that have a text there may be others between them.
 */
function daysOfPage(query: ListStatement): SQL {
  const [cells, span, readable] = [columnsOf(query), spanOf(query), unlessUnreadable(query)]
  if (query.contains === null) {
    const upTo = sql` and key <= (select max(key) from first_of_days)`
    return rowsOfEachDay(span, selectionsOf(query, cells, sql`${upTo}${readable}`))
  }
  return sql`select found.* from first_of_days as page cross join lateral (
  select ${cells} from sumdial.days where key = page.key and ${isDayOf(span)}${readable} offset 0
) as found`
}

/**
 * Groups of keys. Rows are added up by key first, so that a group's name is made once for each key and its keys are
 * distinct.
 *
 * A group's name sorts below all of its keys, but keys of other groups may sort between them (`a`, `a!b`, `a/b`). So a
 * page takes groups above the cursor, and not keys; all keys of such a group are above the cursor too.
 */
function groupsSql(query: ListStatement, grouping: Grouping): SQL {
  const { sort, limit, after } = query
  const above = after === null ? sql`` : sql`where name > ${after}::text`
  return sql`select name as key, ${SUMS}, count(*)::text as keys, bool_or(key = name) as is_key from (
  select ${groupName(grouping)} as name, by_key.* from (
    select key, sum(sum) as sum, sum(count) as count, min(min) as min, max(max) as max, max(updated_at) as updated_at
    from (${fenced(query)}) as found group by key
  ) as by_key
) as named ${above}
group by name order by ${ORDERS[sort]} limit ${limit}::int`
}

/** The base and the first segments after it. Postgres's `substr` counts code points, as the length here does. */
function groupName({ base, depth }: Grouping): SQL {
  const rest = sql`substr(key, ${[...base].length + 1}::int)`
  return sql`(${base}::text || array_to_string((string_to_array(${rest}, '/'))[1:${depth}::int], '/')) collate "C"`
}
