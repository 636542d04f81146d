import { type Hour, hourOf } from '../../model/hour.ts'
import { periodOf, periodStart } from '../../model/time/calendar.ts'
import { EARLIEST_MS } from '../../model/time/instant.ts'
import { rangeSince } from '../../model/time/ranges.ts'
import type { Zone } from '../../model/time/zone.ts'
import { type Found, inBuckets } from './found.ts'
import type { CounterParameters } from './query.ts'

/** Months before the current one that are read one by one while it is not known where everything begins. */
const MONTHS = 120

/** The first hour that anything can have. */
export const FIRST_OF_ALL = hourOf(EARLIEST_MS)

/**
 * Whether one statement can read everything and find where that begins: by the month, the months of ten years and all before
 * them as one bucket are few. By the hour, they would be too many.
 */
export function isAllByMonth(parameters: CounterParameters): boolean {
  const { range, bucket = 'month', consistency, by, where } = parameters
  return (
    range === 'all' &&
    bucket === 'month' &&
    consistency !== 'unsettled' &&
    by === undefined &&
    where === undefined
  )
}

/** Where the months begin that are read one by one. */
export function monthsBefore(nowMs: number, zone: Zone): Hour {
  const now = hourOf(nowMs)
  return periodStart(periodOf(now, 'month', zone) - MONTHS, 'month', zone)
}

/** Leaves out the months before anything was found; undefined when that is before those that were read one by one. */
export function sinceItsBegin(found: Found, nowMs: number): Found | undefined {
  const { query, read, freshFrom } = found
  const { zone } = query
  const { counters, unreadable } = read.committed
  const hours = [...counters.values()].flatMap(({ cells }) => [...cells.keys()])
  hours.push(
    ...unreadable.map(({ hour }) => hourOf(Date.parse(hour))),
    ...(freshFrom === null ? [] : [freshFrom]),
  )
  if (hours.some((hour) => hour < query.range.from)) return undefined
  const range = rangeSince(hours, { unit: 'month', zone, nowMs })
  return { ...found, query: { ...query, range }, current: inBuckets(range, query) }
}
