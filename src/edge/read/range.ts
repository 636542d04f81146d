import { z } from 'zod'
import { addHours, firstHourFrom, type Hour, type HourRange, hourOf } from '../../model/hour.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import { periodStart } from '../../model/time/calendar.ts'
import { RANGES, type RangeTerms, rangeOf, rangeSince } from '../../model/time/ranges.ts'
import { parseZone, type Zone } from '../../model/time/zone.ts'
import { invalid, type Moment, momentText, parsedText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'

const zoneText = parsedText(parseZone, 'must be an IANA time zone such as Europe/Berlin')

/** The parameters of every read of a range of hours. */
export const rangeParameters = {
  from: momentText.optional().meta({
    description:
      'RFC 3339, epoch milliseconds, or a date, which begins at midnight in `tz`. The range has the hours that begin at this ' +
      'time or later; 24 hours before `to` by default.',
    example: '2026-11-21T00:00:00Z',
  }),
  to: momentText.optional().meta({
    description: 'As `from`. The range has the hours that begin before it; the end of this hour by default.',
    example: '2026-11-22T00:00:00Z',
  }),
  range: z
    .enum(RANGES, { error: `must be one of ${RANGES.join(', ')}` })
    .optional()
    .meta({
      description:
        'In place of `from` and `to`: hours up to the current one, or a day or month that is over, by the clocks of `tz`. ' +
        '`24h`, `7d`, `30d` and `12mo` begin where a bucket begins; `all` begins with the first hour that there is.',
      example: 'this-month',
    }),
  tz: zoneText.prefault('UTC').meta({
    description: 'The IANA time zone of days, weeks and months, and of dates.',
    example: 'America/New_York',
  }),
}

/** The checked parameters of a range. */
export type RangeQuery = z.output<z.ZodObject<typeof rangeParameters>>

/** By what hours are added up, and what else a range depends on. */
export type AskedRange = Omit<RangeTerms, 'zone'> & {
  /** How many hours a range without `from` has; 24 by default. */
  readonly defaultHours?: number
  /** The first of the hours whose shards are asked, which may hold more than Postgres; null when Postgres alone is asked. */
  readonly freshFrom: Hour | null
  /** Asks Postgres for the first hour that it has of what is read; null when it has nothing. */
  readonly firstHour: () => Promise<Hour | null>
}

/** The hours of a range. Only that of everything asks Postgres for its beginning. */
export async function hoursOf(asked: RangeQuery, terms: AskedRange): Promise<Result<HourRange, Problem>> {
  const { range, from, to, tz: zone } = asked
  if (range === undefined) return hoursBetween(asked, terms)
  if (from !== undefined || to !== undefined) {
    return invalid('range', 'cannot be combined with `from` or `to`')
  }
  const { unit, nowMs, freshFrom, firstHour } = terms
  if (range !== 'all') return ok(rangeOf(range, { unit, zone, nowMs }))
  const known = [await firstHour(), freshFrom].filter((hour) => hour !== null)
  return ok(rangeSince(known, { unit, zone, nowMs }))
}

/** The first hour that begins at a time, or on a day of the zone, or later. */
export function hourOfMoment(moment: Moment, zone: Zone): Hour {
  return typeof moment === 'number' ? firstHourFrom(moment) : periodStart(moment.day, 'day', zone)
}

const DEFAULT_HOURS = 24

/** The hours that begin in [from, to); by default the last ones, of which the current one is the last. */
function hoursBetween(
  { from, to, tz }: RangeQuery,
  { nowMs, defaultHours = DEFAULT_HOURS }: Pick<AskedRange, 'nowMs' | 'defaultHours'>,
): Result<HourRange, Problem> {
  const end = to === undefined ? addHours(hourOf(nowMs), 1) : hourOfMoment(to, tz)
  const begin = from === undefined ? addHours(end, -defaultHours) : hourOfMoment(from, tz)
  return begin > end ? invalid('from', 'must not be after `to`') : ok({ from: begin, to: end })
}
