import { addHours, HOUR_MS, hourOf, hourStartMs } from '../../model/hour.ts'
import type { Unit } from '../../model/time/calendar.ts'
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

const DAY_MS = 24 * HOUR_MS

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
    return { fromMs: midnightOf(zone, period.from, 0), toMs: midnightOf(zone, period.to, 1) }
  }
  if (period.range === '24h') return { fromMs: toMs - DAY_MS, toMs }
  const today = new Date(localMs(zone, nowMs)).toISOString().slice(0, 10)
  if (period.range !== '12mo') {
    return { fromMs: midnightOf(zone, today, period.range === '7d' ? -6 : -29), toMs }
  }
  const [year = 0, month = 1] = today.split('-').map(Number)
  const first = new Date(Date.UTC(year, month - 12, 1)).toISOString().slice(0, 10)
  return { fromMs: midnightOf(zone, first, 0), toMs }
}

/** When a day begins by the zone's clocks, some days after another day. Epoch ms. */
function midnightOf(zone: Zone, day: string, later: number): number {
  const local = Date.parse(`${day}T00:00:00Z`) + later * DAY_MS
  // The offset may change near midnight, so it is looked up once more at the guessed instant.
  const guess = local - zone.offsetAt(local)
  return local - zone.offsetAt(guess)
}

const DAY = /^\d{4}-\d\d-\d\d$/

export function isDay(text: string): boolean {
  return DAY.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
}
