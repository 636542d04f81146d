import type { Hour, HourRange } from '../hour.ts'
import { addHours, DAY_MS, HOUR_MS, hourOf, hourStartMs } from '../hour.ts'
import type { Bucket, LocalUnit, Unit } from './calendar.ts'
import { periodOf, periodStart, sameEndIn } from './calendar.ts'
import { FORMS, type NamedRange, type RangeTerms } from './ranges.ts'
import { localMs, type Zone } from './zone.ts'

/**
 * The hours that a range is compared with: as much of what was before as has passed of the range by now.
 *
 * - `today` and `this-month`: the day or month before, until the same time of the same day. One that is shorter ends with its
 *   own last hour, so that 31 March is compared with all of February.
 * - `yesterday` and `last-month`: the whole day or month before.
 * - The last days or months: as many before, the last of them until the same time.
 * - A range by its ends: as many hours before; or days, weeks or months, where it begins and ends with one.
 *
 * @param name undefined for a range by its ends.
 */
export function previousOf(range: HourRange, name: NamedRange | undefined, terms: RangeTerms): HourRange {
  const { zone, nowMs } = terms
  const now = addHours(hourOf(nowMs), 1)
  const { from, to } = range
  // A range that is all to come is compared as a whole.
  const passed = from < now && now < to ? now : to
  const own = unitOf(range, name, terms)
  if (own === 'hour') return { from: addHours(from, from - to), to: addHours(passed, from - to) }
  const first = periodOf(from, own, zone)
  const many = periodOf(addHours(to, -1), own, zone) - first + 1
  // Of the days before, because the zone may have skipped one.
  const before = periodOf(addHours(from, -1), own, zone) - many + 1
  const isOver = name === undefined ? passed === to : FORMS[name].kind === 'before'
  if (isOver) return { from: periodStart(before, own, zone), to: from }
  const last = addHours(passed, -1)
  const lastBefore = before + periodOf(last, own, zone) - first
  return { from: periodStart(before, own, zone), to: sameEndIn(lastBefore, last, own, zone) }
}

/** The unit in which the time before is counted: one with which the range begins, and its buckets where that can be. */
function unitOf({ from, to }: HourRange, name: NamedRange | undefined, { unit, zone }: RangeTerms): Unit {
  if (name === undefined) {
    const candidates = [unit, 'day'] as const
    const whole = (own: Unit | null) =>
      own !== null && own !== 'hour' && isStart(from, own, zone) && isStart(to, own, zone)
    return candidates.find(whole) ?? 'hour'
  }
  const form = FORMS[name]
  if (form.kind !== 'last') return form.unit
  // The last days by the week or month begin where one of these does.
  return unit === 'week' || (unit === 'month' && form.unit !== 'month') || form.unit === 'hour'
    ? (unit ?? form.unit)
    : form.unit
}

function isStart(hour: Hour, unit: LocalUnit, zone: Zone): boolean {
  return periodStart(periodOf(hour, unit, zone), unit, zone) === hour
}

/**
 * For each bucket of a range the number of the one in the time before that is next to it; null where there is none. The first
 * is next to the first, and so on. But where the time before is whole days earlier, an hour is next to the hour that has
 * its time by the clocks, because people compare noon with noon, also when the clocks were turned in between.
 */
export function besideOf(
  buckets: readonly Bucket[],
  before: readonly Bucket[],
  { unit, zone }: { readonly unit: Unit; readonly zone: Zone },
): (number | null)[] {
  const days = unit === 'hour' ? daysApart(buckets[0]?.from, before[0]?.from, zone) : undefined
  if (days === undefined) return buckets.map((_, i) => (i < before.length ? i : null))
  const clock = ({ from }: Bucket) => Math.floor(localMs(zone, hourStartMs(from)) / HOUR_MS)
  const numbers = new Map<number, number[]>()
  for (const [i, bucket] of before.entries()) {
    const time = clock(bucket) + days * 24
    numbers.set(time, [...(numbers.get(time) ?? []), i])
  }
  // Clocks that are turned back come to an hour twice: its second time is next to a second one alone.
  return buckets.map((bucket) => numbers.get(clock(bucket))?.shift() ?? null)
}

/** How many days a range begins after the time before; undefined where that is no whole number of them. */
function daysApart(from: Hour | undefined, before: Hour | undefined, zone: Zone): number | undefined {
  if (from === undefined || before === undefined) return undefined
  const isWhole = (from - before) % 24 === 0 || (isStart(from, 'day', zone) && isStart(before, 'day', zone))
  if (!isWhole) return undefined
  const [now, then] = [localMs(zone, hourStartMs(from)), localMs(zone, hourStartMs(before))]
  return Math.round((now - then) / DAY_MS)
}
