import type { Hour, HourRange } from '../hour.ts'
import { addHours, DAY_MS, firstHourFrom, HOUR_MS, hourOf, hourStartMs } from '../hour.ts'
import type { Zone } from './zone.ts'
import { localMs, OFFSET_MS_MAX } from './zone.ts'

/**
 * Units by which the hours of a range are added up. Days, weeks (from Monday, as in ISO 8601) and months are those of a
 * zone.
 */
export const UNITS = ['hour', 'day', 'week', 'month'] as const

export type Unit = (typeof UNITS)[number]

/** Hours that are added up: from `from` until the next bucket begins, or until the end of the range. */
export type Bucket = {
  readonly from: Hour
  /**
   * When the zone's clocks began this hour, day, week or month, in epoch ms. At most an hour before `from`, but for
   * the first bucket of a range, which may have begun long before the range.
   */
  readonly startMs: number
}

/**
 * The buckets of a range, in order; each of its hours is in exactly one.
 *
 * An hour belongs to the day in which it begins. Where clocks are turned back over midnight, a day that has begun
 * goes on: days stay in one piece. A day that a zone has skipped is not there.
 */
export function bucketsOf(range: HourRange, unit: Unit, zone: Zone): Bucket[] {
  return unit === 'hour' ? hourBuckets(range) : periodsOf(range, unit, zone)
}

/** How many buckets a range has, give or take a day that the zone has skipped. */
export function countBuckets({ from, to }: HourRange, unit: Unit, zone: Zone): number {
  if (unit === 'hour' || from === to) return to - from
  return periodAt(zone, hourStartMs(addHours(to, -1)), unit) - periodAt(zone, hourStartMs(from), unit) + 1
}

/** The bucket that holds an hour of the range, by index. */
export function bucketIndexOf(buckets: readonly Bucket[], hour: Hour): number {
  return buckets.findLastIndex(({ from }) => from <= hour)
}

/**
 * The first hour that belongs to a day of the zone's calendar, in epoch ms; the next day's where the zone has skipped
 * the day.
 *
 * @param day the day, as whole days since 1970-01-01.
 */
export function dayStartMs(day: number, zone: Zone): number {
  return hourStartMs(startOf(day, 'day', zone).from)
}

/**
 * The day, week or month of the zone's calendar whose bucket has an hour, counted from that of 1970. Where clocks are turned
 * back over midnight, an hour from before midnight is in the day that has begun.
 */
export function periodOf(hour: Hour, unit: LocalUnit, zone: Zone): number {
  let period = periodAt(zone, hourStartMs(hour), unit)
  while (startOf(period + 1, unit, zone).from <= hour) period += 1
  return period
}

/** The first hour that belongs to a period; the next period's where the zone has skipped this one. */
export function periodStart(period: number, unit: LocalUnit, zone: Zone): Hour {
  return startOf(period, unit, zone).from
}

/**
 * Where a period ends that is seen as far as another: behind the last of its hours that begins no later, by the clocks and
 * counted from midnight of its first day, than an hour of the other. A period that is shorter ends with its own last hour.
 *
 * @param last an hour of the other period.
 */
export function sameEndIn(period: number, last: Hour, unit: LocalUnit, zone: Zone): Hour {
  const other = midnightOf(periodOf(last, unit, zone), unit)
  // Where clocks are turned back over midnight, an hour of a day may begin before the day, by the clocks.
  const time = Math.max(0, localMs(zone, hourStartMs(last)) - other)
  const behind = momentOf(midnightOf(period, unit) + time + 1, zone).from
  const end = periodStart(period + 1, unit, zone)
  return addHours(end, Math.min(0, behind - end))
}

/** Whether no bucket begins within an hour, neither by UTC nor by the zone's clocks. */
export function isAligned(buckets: readonly Bucket[], zone: Zone): boolean {
  return buckets.every(({ startMs }) => startMs % HOUR_MS === 0 && zone.offsetAt(startMs) % HOUR_MS === 0)
}

function hourBuckets({ from, to }: HourRange): Bucket[] {
  const buckets: Bucket[] = []
  for (let hour = from; hour < to; hour = addHours(hour, 1)) {
    buckets.push({ from: hour, startMs: hourStartMs(hour) })
  }
  return buckets
}

/** A unit of the zone's calendar. */
export type LocalUnit = Exclude<Unit, 'hour'>

function periodsOf(range: HourRange, unit: LocalUnit, zone: Zone): Bucket[] {
  const buckets: Bucket[] = []
  let { from } = range
  let period = periodAt(zone, hourStartMs(from), unit)
  let { startMs } = startOf(period, unit, zone)
  while (from < range.to) {
    const next = startOf(++period, unit, zone)
    if (next.from > from) {
      buckets.push({ from, startMs })
      from = next.from
    }
    startMs = next.startMs
  }
  return buckets
}

/** 1970 began on a Thursday: its first Monday was three days before. */
const DAYS_FROM_MONDAY = 3

/** The day, week or month that the zone's clocks are in, counted from that of 1970 began in. */
function periodAt(zone: Zone, ms: number, unit: LocalUnit): number {
  const local = localMs(zone, ms)
  const day = Math.floor(local / DAY_MS)
  switch (unit) {
    case 'day':
      return day
    case 'week':
      return Math.floor((day + DAYS_FROM_MONDAY) / 7)
    case 'month': {
      const date = new Date(local)
      return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
    }
  }
}

/** The time on the zone's clocks when a period begins, in the form of `localMs`. */
function midnightOf(period: number, unit: LocalUnit): number {
  switch (unit) {
    case 'day':
      return period * DAY_MS
    case 'week':
      return (period * 7 - DAYS_FROM_MONDAY) * DAY_MS
    case 'month':
      return Date.UTC(1970, period)
  }
}

/** When a period begins, and the first hour that begins in it. */
function startOf(period: number, unit: LocalUnit, zone: Zone): Bucket {
  return momentOf(midnightOf(period, unit), zone)
}

/** When the zone's clocks first show a time, and the first hour that begins with them there or past it. */
function momentOf(local: number, zone: Zone): Bucket {
  const earliestMs = local - OFFSET_MS_MAX
  const offset = zone.offsetAt(earliestMs)
  if (offset !== zone.offsetAt(local + OFFSET_MS_MAX)) return seek(local, hourOf(earliestMs), zone)
  const startMs = local - offset
  return { startMs, from: firstHourFrom(startMs) }
}

/**
 * Finds a time on the clocks near a change of the zone's offset, where it may come twice or not at all: the first hour that
 * begins with clocks there or past it, and the moment within the hour before at which they came there.
 */
function seek(local: number, earliest: Hour, zone: Zone): Bucket {
  let from = earliest
  while (localMs(zone, hourStartMs(from)) < local) from = addHours(from, 1)
  let [beforeMs, startMs] = [hourStartMs(addHours(from, -1)), hourStartMs(from)]
  while (startMs - beforeMs > 1000) {
    const middleMs = beforeMs + Math.floor((startMs - beforeMs) / 2000) * 1000
    if (localMs(zone, middleMs) < local) beforeMs = middleMs
    else startMs = middleMs
  }
  return { from, startMs }
}
