import { type SQL, sql } from 'drizzle-orm'
import { LIST_BY_HOUR_ROWS_MAX, UNREADABLE_TOLD_MAX } from '../limits.ts'
import { formatHourStart } from '../model/hour.ts'
import type { KeyRange } from '../model/key.ts'
import type { Grouping, ListQuery } from '../model/read.ts'
import { IS_READABLE, ROW_NAME } from './readable.ts'

/** A list without the rows that are no cells. See readable.ts. */
export type CarefulQuery = ListQuery & { readonly isCareful?: boolean }

/**
 * The statement of a list, which answers a row for each item, in order.
 *
 * `npm run bench -- --scenario reads` measures it with ten million rows of a year, and explains this very text.
 */
export function listSql(query: CarefulQuery): SQL {
  const { sort, limit } = query
  if (query.grouping !== null) return groupsSql(query, query.grouping)
  return sql`select key, ${SUMS}, ${NO_GROUP} from (${sort === 'key' ? pageRows(query) : fenced(allRows(query))}) as found
group by key order by ${ORDERS[sort]} limit ${limit}::int`
}

/**
 * The statement that names one row that is no cell of each key of a list that has any.
 *
 * @param upTo the last key of the page; null for all.
 */
export function unreadableSql(query: ListQuery, upTo: string | null): SQL {
  const { ranges, after } = query
  const rows = ranges.map(
    (range) => sql`select ${ROW_NAME} as name, key from sumdial.counters
where ${inRange(range, after)} and ${inHours(query)}${ifContains(query)} and not ${IS_READABLE}`,
  )
  const above = upTo === null ? sql`` : sql`where key <= ${upTo}::text`
  return sql`select min(name) as name from (${unionAll(rows)}) as found ${above}
group by key order by key limit ${UNREADABLE_TOLD_MAX}::int`
}

/** Sums leave as text: JSON readers round beyond 2^53. */
const SUMS = sql`sum(sum)::text as sum, sum(count)::text as count, min(min)::text as min, max(max)::text as max,
  floor(extract(epoch from max(updated_at)) * 1000)::text as last_flush_ms`

const NO_GROUP = sql`null::text as keys, null::boolean as is_key`

/** `key` is the column that a list answers with; for groups it has their names. */
const ORDERS = { key: sql`key`, '-sum': sql`sum(sum) desc, key`, '-count': sql`sum(count) desc, key` }

const COLUMNS = sql`key, sum, count, min, max, updated_at`

/**
 * All rows of the range. The better index depends on how narrow hours and keys are, which the planner knows: in the
 * bench's scenario `reads` it takes the primary key for few keys, (hour, key) for a day, and pages of hours for a
 * month.
 */
function allRows(query: CarefulQuery): SQL {
  const { ranges, after } = query
  return unionAll(
    ranges.map(
      (range) => sql`select ${columnsOf(query)} from sumdial.counters
where ${inRange(range, after)} and ${inHours(query)}${ifContains(query)}${unlessUnreadable(query)}`,
    ),
  )
}

/**
 * No index helps to find a text inside a key, so all keys of the ranges and hours are looked at. That takes what adding them
 * up for a list by size takes. Not `like`, in which some characters stand for others.
 */
function ifContains({ contains }: ListQuery): SQL {
  return contains === null ? sql`` : sql` and strpos(key, ${contains}::text) > 0`
}

function inHours({ from, to }: ListQuery): SQL {
  return sql`hour >= ${formatHourStart(from)}::timestamptz and hour < ${formatHourStart(to)}::timestamptz`
}

/** Whole sums, also of rows that somebody wrote as 2.0. */
function columnsOf({ isCareful = false }: CarefulQuery): SQL {
  return isCareful ? sql`key, trunc(sum) as sum, count, min, max, updated_at` : COLUMNS
}

function unlessUnreadable({ isCareful = false }: CarefulQuery): SQL {
  return isCareful ? sql` and ${IS_READABLE}` : sql``
}

/**
 * Rows that are added up in one process. Above an `offset` that may be more than 0, the planner splits no aggregate
 * among workers. With many keys of a few rows each, as here, workers that send their half sums around took twice as
 * long as one process (838,000 rows of 209,000 keys, 2 busy cores: 3.8 s, and 2.0 s alone).
 */
function fenced(rows: SQL): SQL {
  return sql`select ${COLUMNS} from (${rows}) as one offset (select 0)`
}

/**
 * Rows that include all of the first `limit` keys, by one of two ways. Hour by hour only where few rows are passed over: with
 * 2.4 million rows of a day, a text that few keys have took longer than 4 s so, and 2 s by all rows.
 */
function pageRows(query: CarefulQuery): SQL {
  const isNarrow = (query.to - query.from) * query.limit <= LIST_BY_HOUR_ROWS_MAX
  return isNarrow && query.contains === null ? pageByHour(query) : allRows(query)
}

/**
 * The first `limit` keys of each hour, because a key that is among the first of all hours is also among the first of
 * each hour that it has. This costs one descent of (hour, key) for each hour, however many keys have no row in the
 * range.
 */
function pageByHour(query: CarefulQuery): SQL {
  const { ranges, from, to, after, limit } = query
  const firstOf = (range: KeyRange) => sql`(select ${columnsOf(query)} from sumdial.counters
where hour = to_timestamp(hours.hour * 3600.0) and ${inRange(range, after)}${unlessUnreadable(query)} order by key limit ${limit}::int)`
  return sql`select first.* from generate_series(${from}::int, ${to}::int - 1) as hours (hour)
cross join lateral (${unionAll(ranges.map(firstOf))}) as first`
}

/** Keys compare byte by byte, because the column's collation is "C". */
export function inRange({ from, to }: KeyRange, after: string | null): SQL {
  const bounds = [sql`key >= ${from}::text`]
  if (to !== null) bounds.push(sql`key < ${to}::text`)
  if (after !== null) bounds.push(sql`key > ${after}::text`)
  return sql.join(bounds, sql` and `)
}

export function unionAll(selects: readonly SQL[]): SQL {
  return sql.join([...selects], sql` union all `)
}

/**
 * Groups of keys. Rows are added up by key first, so that a group's name is made once for each key and its keys are
 * distinct.
 *
 * A group's name sorts below all of its keys, but keys of other groups may sort between them (`a`, `a!b`, `a/b`). So a
 * page takes groups above the cursor, and not keys; all keys of such a group are above the cursor too.
 */
function groupsSql(query: CarefulQuery, grouping: Grouping): SQL {
  const { sort, limit, after } = query
  const above = after === null ? sql`` : sql`where name > ${after}::text`
  return sql`select name as key, ${SUMS}, count(*)::text as keys, bool_or(key = name) as is_key from (
  select ${groupName(grouping)} as name, by_key.* from (
    select key, sum(sum) as sum, sum(count) as count, min(min) as min, max(max) as max, max(updated_at) as updated_at
    from (${fenced(allRows(query))}) as found group by key
  ) as by_key
) as named ${above}
group by name order by ${ORDERS[sort]} limit ${limit}::int`
}

/** The base and the first segments after it. Postgres's `substr` counts code points, as the length here does. */
function groupName({ base, depth }: Grouping): SQL {
  const rest = sql`substr(key, ${[...base].length + 1}::int)`
  return sql`(${base}::text || array_to_string((string_to_array(${rest}, '/'))[1:${depth}::int], '/')) collate "C"`
}
