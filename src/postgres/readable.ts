import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { UNREADABLE_TOLD_MAX } from '../limits.ts'
import type { UnreadableRow } from '../model/read.ts'

/** A sum as Postgres writes it when each of its parts is a whole number. */
export const WHOLE = /^-?\d+$/

/**
 * Whether a row is a cell. Only somebody's own SQL makes one that is not: a sum of 1.5, NaN or infinity, or numbers that no
 * answer can carry. NaN is above infinity in Postgres.
 *
 * Reads do not ask this of every row, because that takes time. They look at their answer, and only when it is no answer they
 * ask again with this condition, and name the rows that do not meet it.
 */
export const IS_READABLE = sql`(sum = trunc(sum) and sum > '-Infinity' and sum < 'Infinity'
  and count between -9007199254740991 and 9007199254740991 and min between -9007199254740991 and 9007199254740991
  and max between -9007199254740991 and 9007199254740991 and isfinite(updated_at))`

/** A row's hour and key in one text, so that one of many is their smallest. */
export const ROW_NAME = sql`to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ' ' || key`

/**
 * The statement that names one row of each key, of rows that have `key` and `hour`.
 *
 * @param rows what stands behind `from`.
 */
export function rowNamesSql(rows: SQL): SQL {
  return sql`select min(${ROW_NAME}) as name from ${rows} group by key order by key limit ${UNREADABLE_TOLD_MAX}::int`
}

/** The answer of `rowNamesSql`. */
export const rowNamesSchema = z.object({
  items: z.array(z.object({ name: z.string() }).transform(({ name }) => rowNamed(name))),
})

/** The inverse of ROW_NAME. */
export function rowNamed(name: string): UnreadableRow {
  const end = name.indexOf(' ')
  return { key: name.slice(end + 1), hour: name.slice(0, end) }
}
