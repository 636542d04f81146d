import type { Hour, HourRange } from '../hour.ts'
import { addHours, DAY_MS, hourOf } from '../hour.ts'
import type { Unit } from './calendar.ts'
import { periodOf, periodStart } from './calendar.ts'
import { instantOf } from './instant.ts'
import type { Zone } from './zone.ts'

/** Ranges of hours that have a name. */
export const RANGES = [
  'today',
  'yesterday',
  '24h',
  '7d',
  '30d',
  '12mo',
  'this-month',
  'last-month',
  'all',
] as const

export type RangeName = (typeof RANGES)[number]

/** A range whose hours are known without a look at what there is. */
export type NamedRange = Exclude<RangeName, 'all'>

/** `last` is so many hours, days or months of which the current one is the last; the others are one unit of the calendar. */
type RangeForm =
  | { readonly kind: 'last'; readonly unit: 'hour' | 'day' | 'month'; readonly many: number }
  | { readonly kind: 'this' | 'before'; readonly unit: 'day' | 'month' }

export const FORMS: Readonly<Record<NamedRange, RangeForm>> = {
  today: { kind: 'this', unit: 'day' },
  yesterday: { kind: 'before', unit: 'day' },
  '24h': { kind: 'last', unit: 'hour', many: 24 },
  '7d': { kind: 'last', unit: 'day', many: 7 },
  '30d': { kind: 'last', unit: 'day', many: 30 },
  '12mo': { kind: 'last', unit: 'month', many: 12 },
  'this-month': { kind: 'this', unit: 'month' },
  'last-month': { kind: 'before', unit: 'month' },
}

/** When a range is asked for, and by what its hours are added up. */
export type RangeTerms = {
  /** Null when nothing but the total is asked for. */
  readonly unit: Unit | null
  readonly zone: Zone
  readonly nowMs: number
}

/**
 * The hours of a range that has a name. It ends with the current hour, or where its day or month ends. The days and months are
 * those of the current hour, which may have begun within an hour before midnight.
 *
 * One that goes back from now (24h, 7d, 30d, 12mo) begins where a bucket begins, so that its first bucket is whole.
 */
export function rangeOf(name: NamedRange, { unit, zone, nowMs }: RangeTerms): HourRange {
  const form = FORMS[name]
  const now = hourOf(nowMs)
  const to = addHours(now, 1)
  switch (form.kind) {
    case 'last':
      return fromBucket({ from: firstOf(now, form.unit, form.many, zone), to }, unit, zone)
    case 'this':
      return { from: firstOf(now, form.unit, 1, zone), to }
    case 'before': {
      const end = firstOf(now, form.unit, 1, zone)
      // A day that the zone has skipped is none.
      return { from: firstOf(addHours(end, -1), form.unit, 1, zone), to: end }
    }
  }
}

/** The first of so many hours, days or months, of which the last has this hour. */
function firstOf(last: Hour, unit: Unit, many: number, zone: Zone): Hour {
  if (unit === 'hour') return addHours(last, 1 - many)
  return periodStart(periodOf(last, unit, zone) - many + 1, unit, zone)
}

/** The hours from the earliest of some to the current one, beginning where a bucket begins. */
export function rangeSince(hours: readonly Hour[], { unit, zone, nowMs }: RangeTerms): HourRange {
  const now = hourOf(nowMs)
  const from = addHours(now, Math.min(0, ...hours.map((hour) => hour - now)))
  return fromBucket({ from, to: addHours(now, 1) }, unit, zone)
}

function fromBucket({ from, to }: HourRange, unit: Unit | null, zone: Zone): HourRange {
  return unit === null ? { from, to } : { from: firstOf(from, unit, 1, zone), to }
}

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/

/** A day of the calendar such as `2026-02-28`, as whole days since 1970; undefined for anything else, `2026-02-30` too. */
export function parseDay(text: string): number | undefined {
  if (!DAY.test(text)) return undefined
  const ms = instantOf(`${text}T00:00:00Z`)
  return ms === undefined ? undefined : ms / DAY_MS
}
