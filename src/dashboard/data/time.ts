import { DAY_MS } from '../../model/hour.ts'
import type { Unit } from '../../model/time/calendar.ts'
import { formatInZone, parseZone, UTC, type Zone } from '../../model/time/zone.ts'

/** The viewer's own zone, as the browser knows it. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** The time zone of this name; null is the viewer's own, and an unknown name is UTC. */
export function zoneOf(tz: string | null): Zone {
  return parseZone(tz ?? ownZone()) ?? UTC
}

/** Every time zone that the browser knows, and UTC. */
export function zoneNames(): readonly string[] {
  const names = Intl.supportedValuesOf('timeZone')
  return names.includes('UTC') ? names : ['UTC', ...names]
}

type Style = Intl.DateTimeFormatOptions

const formats = new Map<string, Intl.DateTimeFormat>()

function format(ms: number, { name }: Zone, style: Style): string {
  const id = `${name} ${JSON.stringify(style)}`
  const made = formats.get(id) ?? new Intl.DateTimeFormat('en-GB', { ...style, timeZone: name })
  formats.set(id, made)
  return made.format(ms)
}

const TIME: Style = { hour: '2-digit', minute: '2-digit' }
const DAY: Style = { day: 'numeric', month: 'short' }

/** A bucket in words: `Tue 21 Nov, 14:00` (with its offset where an hour comes twice), `Tue 21 Nov 2026`, `week of 20 Nov 2026`, `November 2026`. */
export function bucketWords(ms: number, unit: Unit, zone: Zone): string {
  switch (unit) {
    case 'hour':
      return `${format(ms, zone, { weekday: 'short', ...DAY, ...TIME })}${offsetWords(ms, zone)}`
    case 'day':
      return format(ms, zone, { weekday: 'short', ...DAY, year: 'numeric' })
    case 'week':
      return `week of ${format(ms, zone, { ...DAY, year: 'numeric' })}`
    case 'month':
      return format(ms, zone, { month: 'long', year: 'numeric' })
  }
}

/** The label of a mark on the axis: a time if marks are less than a day apart, else a day, else month and year. */
export function tickWords(ms: number, apartMs: number, zone: Zone): string {
  const time = format(ms, zone, TIME)
  if (apartMs < DAY_MS && time !== '00:00') return time
  const isMonth = apartMs > 27 * DAY_MS && format(ms, zone, { day: 'numeric' }) === '1'
  return format(ms, zone, isMonth ? { month: 'short', year: 'numeric' } : DAY)
}

/** `21 Nov 2026, 14:05`. */
export function momentWords(ms: number, zone: Zone): string {
  return `${format(ms, zone, { ...DAY, year: 'numeric', ...TIME })}${offsetWords(ms, zone)}`
}

/** ` +02:00` for a time that the zone's clocks show twice, because they are turned back; otherwise nothing. */
function offsetWords(ms: number, zone: Zone): string {
  const offset = zone.offsetAt(ms)
  const isTwice = [ms - DAY_MS, ms + DAY_MS].some((near) => {
    const other = zone.offsetAt(near)
    return other !== offset && zone.offsetAt(ms + offset - other) === other
  })
  return isTwice ? ` ${formatInZone(zone, ms).slice('2026-10-25T02:00:00'.length)}` : ''
}
