import { addHours, DAY_MS, hourOf, hourStartMs } from '../../model/hour.ts'
import { dayStartMs, type Unit } from '../../model/time/calendar.ts'
import type { Zone } from '../../model/time/zone.ts'
import { localMs } from '../../model/time/zone.ts'

export const RANGES = ['24h', '7d', '30d', '12mo'] as const

export type Range = (typeof RANGES)[number]

/** The time that is shown: up to now, or whole days in the time zone, `to` included. */
export type Period =
  | { readonly kind: 'last'; readonly range: Range }
  | { readonly kind: 'days'; readonly from: string; readonly to: string }

/** Units that suit a period. The first is the default. */
const UNITS_OF: Readonly<Record<Range, readonly Unit[]>> = {
  '24h': ['hour'],
  '7d': ['hour', 'day'],
  '30d': ['day', 'hour', 'week'],
  '12mo': ['week', 'day', 'month'],
}

export function unitsOf(period: Period): readonly Unit[] {
  if (period.kind === 'last') return UNITS_OF[period.range]
  const days = (Date.parse(period.to) - Date.parse(period.from)) / DAY_MS + 1
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

/** Whether adding up very many keys over this period may take longer than the server's time limit. */
export function isLong(period: Period): boolean {
  return period.kind === 'days' || period.range === '30d' || period.range === '12mo'
}

export type Span = { readonly fromMs: number; readonly toMs: number }

/** A period as epoch ms, [from, to). A period up to now ends with the current hour. */
export function spanOf(period: Period, zone: Zone, nowMs: number): Span {
  const toMs = hourStartMs(addHours(hourOf(nowMs), 1))
  if (period.kind === 'days') {
    return {
      fromMs: dayStartMs(dayNumber(period.from), zone),
      toMs: dayStartMs(dayNumber(period.to) + 1, zone),
    }
  }
  if (period.range === '24h') return { fromMs: toMs - DAY_MS, toMs }
  const today = dayAt(zone, nowMs)
  if (period.range !== '12mo') {
    return { fromMs: dayStartMs(today - (period.range === '7d' ? 6 : 29), zone), toMs }
  }
  return { fromMs: dayStartMs(monthStart(today, -11), zone), toMs }
}

/** Whether a period goes up to now or beyond, so that its figures move. */
export function isCurrent(period: Period, zone: Zone, nowMs: number): boolean {
  const { fromMs, toMs } = spanOf(period, zone, nowMs)
  return fromMs <= nowMs && nowMs < toMs
}

export const PRESETS = ['today', 'yesterday', 'this month', 'last month'] as const

export type Preset = (typeof PRESETS)[number]

/** The whole days of the zone that a preset means now. This month goes up to today. */
export function daysOf(preset: Preset, zone: Zone, nowMs: number): Period {
  const today = dayAt(zone, nowMs)
  const days = (from: number, to: number): Period => ({ kind: 'days', from: dayText(from), to: dayText(to) })
  switch (preset) {
    case 'today':
      return days(today, today)
    case 'yesterday':
      return days(today - 1, today - 1)
    case 'this month':
      return days(monthStart(today, 0), today)
    case 'last month':
      return days(monthStart(today, -1), monthStart(today, 0) - 1)
  }
}

function dayAt(zone: Zone, ms: number): number {
  return Math.floor(localMs(zone, ms) / DAY_MS)
}

/** The first day of a day's month, or of a month some months later, as whole days since 1970. */
function monthStart(day: number, later: number): number {
  const date = new Date(day * DAY_MS)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later, 1) / DAY_MS
}

/** `2026-11-21` as whole days since 1970. */
function dayNumber(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / DAY_MS
}

/** The inverse of `dayNumber`. */
function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

const DAY = /^\d{4}-\d\d-\d\d$/

/** Whether a text is a day of the calendar: `2026-02-28`, and neither `2026-02-30`, which Date.parse takes, nor `today`. */
export function isDay(text: string): boolean {
  if (!DAY.test(text)) return false
  const day = dayNumber(text)
  return !Number.isNaN(day) && dayText(day) === text
}
