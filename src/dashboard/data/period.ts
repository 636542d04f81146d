import { DAY_MS, type HourRange } from '../../model/hour.ts'
import { periodStart, type Unit } from '../../model/time/calendar.ts'
import { previousOf } from '../../model/time/previous.ts'
import { parseDay, type RangeName, rangeOf } from '../../model/time/ranges.ts'
import { localMs, type Zone } from '../../model/time/zone.ts'

/** Ranges that are a click away, and those that stand with the dates. */
export const QUICK_RANGES = ['24h', '7d', '30d', '12mo', 'all'] as const satisfies readonly RangeName[]
export const PRESETS = [
  'today',
  'yesterday',
  'this-month',
  'last-month',
] as const satisfies readonly RangeName[]

/** The time that is shown: a range that the API knows by its name, or whole days in the time zone, `to` included. */
export type Period =
  | { readonly kind: 'named'; readonly range: RangeName }
  | { readonly kind: 'days'; readonly from: string; readonly to: string }

/** Units that suit a period. The first is the default. */
const UNITS_OF: Readonly<Record<RangeName, readonly Unit[]>> = {
  '24h': ['hour'],
  today: ['hour'],
  yesterday: ['hour'],
  '7d': ['hour', 'day'],
  '30d': ['day', 'hour', 'week'],
  'this-month': ['day', 'hour', 'week'],
  'last-month': ['day', 'hour', 'week'],
  '12mo': ['month', 'week', 'day'],
  all: ['month', 'week'],
}

export function unitsOf(period: Period): readonly Unit[] {
  if (period.kind === 'named') return UNITS_OF[period.range]
  const days = daysIn(period)
  if (days <= 3) return ['hour', 'day']
  if (days <= 14) return ['hour', 'day', 'week']
  if (days <= 80) return ['day', 'hour', 'week', 'month']
  return days <= 370 ? ['week', 'day', 'month'] : ['month', 'week', 'day']
}

/** The unit that was asked for if it suits the period, else the period's default. */
export function unitOf(period: Period, asked: Unit | null): Unit {
  const units = unitsOf(period)
  return asked !== null && units.includes(asked) ? asked : (units[0] ?? 'hour')
}

/** A period as the API takes it. */
export type RangeAsked =
  | { readonly range: RangeName; readonly tz: string }
  | { readonly from: string; readonly to: string; readonly tz: string }

export function rangeAsked(period: Period, { name: tz }: Zone): RangeAsked {
  if (period.kind === 'named') return { range: period.range, tz }
  return { from: period.from, to: dayText(dayNumber(period.to) + 1), tz }
}

/** At most so many days. Everything is by months or weeks, of which some years have no more than a year has days. */
const DAYS_OF: Readonly<Record<RangeName, number>> = {
  '24h': 1,
  today: 1,
  yesterday: 1,
  '7d': 7,
  '30d': 30,
  'this-month': 31,
  'last-month': 31,
  '12mo': 366,
  all: 366,
}

/**
 * In no zone and no 80 days since 1970 have clocks gone back by more: those of Vostok in 1994, and those of Casey by three
 * hours in many a year (tzdata 2026c). Most never had more than a day of 25 hours.
 */
const GAINED_HOURS_MAX = 7

/** The most buckets that a period may have. */
export function bucketsAtMost(period: Period, unit: Unit): number {
  const days = period.kind === 'days' ? daysIn(period) : DAYS_OF[period.range]
  // A week may begin before the days do.
  return unit === 'hour' ? days * 24 + GAINED_HOURS_MAX : days + 6
}

/** Whether there is a time before a period to compare it with. */
export function hasBefore(period: Period): boolean {
  return period.kind === 'days' || period.range !== 'all'
}

/** The hours with which the API compares a period, for lists, which it does not compare; undefined for everything. */
export function hoursBefore(period: Period, zone: Zone, nowMs: number): HourRange | undefined {
  const terms = { unit: null, zone, nowMs }
  if (period.kind === 'named') {
    return period.range === 'all' ? undefined : previousOf(rangeOf(period.range, terms), period.range, terms)
  }
  const start = (day: number) => periodStart(day, 'day', zone)
  const range = { from: start(dayNumber(period.from)), to: start(dayNumber(period.to) + 1) }
  return previousOf(range, undefined, terms)
}

/** Whether a period goes up to now or beyond, so that its figures move. */
export function isCurrent(period: Period, zone: Zone, nowMs: number): boolean {
  if (period.kind === 'named') return period.range !== 'yesterday' && period.range !== 'last-month'
  const today = dayText(Math.floor(localMs(zone, nowMs) / DAY_MS))
  return period.from <= today && today <= period.to
}

export function daysIn({ from, to }: { readonly from: string; readonly to: string }): number {
  return dayNumber(to) - dayNumber(from) + 1
}

/** `2026-11-21` as whole days since 1970. */
function dayNumber(day: string): number {
  return parseDay(day) ?? Number.NaN
}

/** The inverse of `dayNumber`. */
function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** Whether a text is a day of the calendar: `2026-02-28`, and neither `2026-02-30` nor `today`. */
export function isDayText(text: string): boolean {
  return parseDay(text) !== undefined
}
