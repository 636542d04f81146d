import type { HourRange } from '../../model/hour.ts'
import { addHours, firstHourFrom, hourOf } from '../../model/hour.ts'
import { instantText, invalid } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'

const DEFAULT_HOURS = 24

/** The two parameters of whatever reads a range of hours. */
export const rangeParameters = {
  from: instantText.optional().meta({
    description:
      'RFC 3339 or epoch milliseconds. Hours that begin at it or later; 24 hours before `to` by default.',
    example: '2026-11-21T00:00:00Z',
  }),
  to: instantText.optional().meta({
    description: 'As `from`. Hours that begin before it; the end of the current hour by default.',
    example: '2026-11-22T00:00:00Z',
  }),
}

/** The hours that begin in [from, to), in epoch ms; the last 24 by default, the current one included. */
export function parseRange(
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  nowMs: number,
): HourRange | Problem {
  const end = to === undefined ? addHours(hourOf(nowMs), 1) : firstHourFrom(to)
  const begin = from === undefined ? addHours(end, -DEFAULT_HOURS) : firstHourFrom(from)
  return begin > end ? invalid('from', 'must not be after to') : { from: begin, to: end }
}
