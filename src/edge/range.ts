import type { HourRange } from '../model/hour.ts'
import { addHours, firstHourFrom, hourOf } from '../model/hour.ts'
import type { Problem } from '../model/problem.ts'
import { invalid } from './parameters.ts'

const DEFAULT_HOURS = 24

/** The hours that begin in [from, to), in epoch ms; the last 24 by default, the current one included. */
export function parseRange(
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  nowMs: number,
): HourRange | Problem {
  const end = to === undefined ? addHours(hourOf(nowMs), 1) : firstHourFrom(to)
  const begin = from === undefined ? addHours(end, -DEFAULT_HOURS) : firstHourFrom(from)
  return begin > end ? invalid('from', 'must not be after to') : { from: begin, to: end }
}
