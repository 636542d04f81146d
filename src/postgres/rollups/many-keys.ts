import { type SQL, sql } from 'drizzle-orm'
import { unionAll } from '../key-ranges.ts'
import { EACH_HOUR, ofEachHour } from './each-hour.ts'
import { cover, DAY_START, dayFrom, type Span, TABLES } from './segments.ts'

/** Rows to read from a table of hours, or from its table of days: both have these columns. */
export type Selection = {
  readonly table: 'counters' | 'slices'
  readonly columns: SQL
  /** A condition that says nothing of hours. */
  readonly where: SQL
}

/**
 * The rows of a read of many keys, with the columns of their selections and `hour`, which is when its hour or day begins. [D1]
 *
 * Postgres cannot know how many days or hours a segment has, so it would choose an index blindly. Day by day and hour by hour,
 * (day, key) and (hour, key) find exactly the rows that are asked for, however many keys that are. Where no day stands for its
 * hours, as before the days of a table are made, the range is read by whatever Postgres chooses, as if there were no days.
 */
export function rowsOfManyKeys(span: Span, selections: readonly Selection[]): SQL {
  if (span.reach === 'young') {
    const rows = selections.map(
      ({ table, columns, where }) =>
        sql`select hour, ${columns} from ${TABLES[table].hours} where ${where} and hour >= ${span.from} and hour < ${span.to}`,
    )
    return sql`(${unionAll(rows)}) as found`
  }
  return sql`(with cover as materialized (${cover(span)}) ${rowsOfCover(span, selections)}) as found`
}

function rowsOfCover(span: Span, selections: readonly Selection[]): SQL {
  const withHour = selections.map((selection) => ({
    ...selection,
    columns: sql`${DAY_START} as hour, ${selection.columns}`,
  }))
  const ofHour = selections.map(
    ({ table, columns, where }) =>
      sql`select hour, ${columns} from ${TABLES[table].hours}
where ${ofEachHour(where)}`,
  )
  return sql`${rowsOfEachDay(span, withHour)}
union all select found.* from ${EACH_HOUR} cross join lateral (select * from (${unionAll(ofHour)}) as of_hour offset 0) as found
where not (select is_empty from cover)
union all ${onlyIf(sql`is_empty`, rowsOfRange(span, selections))}`
}

/**
 * The rows of the days that stand for their hours, day by day, by a bitmap as in `ofEachHour`. Of a key the planner expects as many rows
 * as it has, so that it groups a page of keys by hashing where these have many days, and does not sort all of their rows.
 */
export function rowsOfEachDay(span: Span, selections: readonly Selection[]): SQL {
  const rows = selections.map(
    ({ table, columns, where }) =>
      sql`select ${columns} from ${TABLES[table].days}
where (day = each_day.day and ${where}) or key = each_day.never`,
  )
  return sql`select found.* from ${eachDay(span)} cross join lateral (select * from (${unionAll(rows)}) as of_day offset 0) as found`
}

/** All hours of the range that are read as hours, by whatever Postgres chooses. */
export function rowsOfRange({ from, to }: Span, selections: readonly Selection[]): SQL {
  const rows = selections.map(
    ({ table, columns, where }) => sql`select hour, ${columns} from ${TABLES[table].hours}
where ${where} and hour >= ${from} and hour < ${to} and ${IS_HOUR}`,
  )
  return unionAll(rows)
}

/** Rows, or none without running their `select`, as a condition on `cover` says. The planner counts a tenth, as of `UNKNOWN_LIMIT`. */
function onlyIf(condition: SQL, rows: SQL): SQL {
  return sql`(select * from (${rows}) as maybe limit (select case when ${condition} then null else 0 end from cover))`
}

/** Whether a row's hour is read as an hour. */
const IS_HOUR = sql`((select is_empty from cover) or hour <@ (select hours from cover))`

function eachDay({ from }: Span): SQL {
  return sql`unnest(array(select day from (
  select lower(own) + generate_series(0, upper(own) - lower(own) - 1) as day from (select unnest(days) as own from cover) as own
) as every where day >= ${dayFrom(from)}), '{}'::text[]) as each_day (day, never)`
}
