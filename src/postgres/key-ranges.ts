import { type SQL, sql } from 'drizzle-orm'
import { KEY_BYTES_MAX } from '../limits.ts'
import type { KeyRange } from '../model/key.ts'

/** Above every key. */
export const LAST_KEY = '\u{10ffff}'.repeat(KEY_BYTES_MAX / 4 + 1)

/** Keys compare byte by byte, because the column's collation is "C". */
export function inRange({ from, to }: KeyRange, after: string | null): SQL {
  const bounds = [sql`key >= ${from}::text`]
  if (to !== null) bounds.push(sql`key < ${to}::text`)
  if (after !== null) bounds.push(sql`key > ${after}::text`)
  return sql.join(bounds, sql` and `)
}

/** Whether a key is in any of some ranges. */
export function inRanges(ranges: readonly KeyRange[]): SQL {
  return sql`(${sql.join(
    ranges.map((range) => inRange(range, null)),
    sql` or `,
  )})`
}

export function unionAll(selects: readonly SQL[]): SQL {
  return sql.join([...selects], sql` union all `)
}
