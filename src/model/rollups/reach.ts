import { YOUNG_HOURS } from '../../limits.ts'
import type { Hour } from '../hour.ts'
import { addHours, hourOf } from '../hour.ts'

/** Which rows a read may have to look at. Each is right wherever the one before it is, and the first is the fastest. [D1] */
export type Reach =
  /** Hours alone: they are so young that no day of them has been made, let alone that they were deleted. */
  | 'young'
  /** Hours, and days only where their hours are gone, because no bucket holds a whole UTC day. */
  | 'hours'
  /** Days where they stand for their hours, and few hours beside them. Where that is not so, a read may ask again as 'mixed'. */
  | 'days'
  /** Days where they stand for their hours, and hours elsewhere, however few or many. */
  | 'mixed'

/**
 * How far a read reaches.
 *
 * @param buckets their first hours, ascending. Each bucket ends where the next begins, and the last at `to`.
 */
export function reachOf(buckets: readonly Hour[], to: Hour, nowMs: number): Reach {
  const [from = to] = buckets
  if (from >= addHours(hourOf(nowMs), -YOUNG_HOURS)) return 'young'
  return buckets.some((start, i) => holdsDay(start, buckets[i + 1] ?? to)) ? 'days' : 'hours'
}

function holdsDay(from: Hour, to: Hour): boolean {
  return (Math.ceil(from / 24) + 1) * 24 <= to
}
