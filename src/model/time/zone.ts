import { formatSecond, twoDigits } from '../hour.ts'

/** A time zone: how its clocks differ from UTC, at any time of its history and of the rules known for its future. */
export type Zone = {
  /** As it was asked for. */
  readonly name: string
  /** How far its clocks are ahead of UTC at a time in epoch ms: in ms, and a whole number of seconds. */
  readonly offsetAt: (ms: number) => number
}

export const UTC: Zone = { name: 'UTC', offsetAt: () => 0 }

/** No clock was ever further from UTC: Manila was 15:56 h behind until 1844. Source: tzdata 2026c. */
export const OFFSET_MS_MAX = 16 * 3_600_000

/**
 * No zone changes its offset and changes it back within 167 hours (tzdata 2026c: Boa Vista in October 2000). So an
 * offset that is the same at both ends of this span is the same within.
 */
const SPAN_MS = 96 * 3_600_000

const UTC_NAME = /^(etc\/)?(utc|uct|zulu|universal)$/i

/** `Europe/Berlin`, `Etc/GMT+5`, `GB`; not `+05:30`, which newer engines take too. */
const ZONE_NAME = /^[a-z][a-z0-9_+/-]{1,63}$/i

/** The abbreviations that IANA has. The engine has more, in which BST is Dhaka's time and not London's. */
const ABBREVIATION = /^(est|mst|hst|gmt|wet|cet|met|eet|prc|roc|rok)$/i

/** The zone of an IANA name, in any case; undefined for anything else. */
export function parseZone(name: string): Zone | undefined {
  if (UTC_NAME.test(name)) return { ...UTC, name }
  if (!ZONE_NAME.test(name) || (name.length === 3 && !ABBREVIATION.test(name))) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
    return { name, offsetAt: remembering((ms) => parseOffset(format.format(ms))) }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Reads the end of a text: `GMT`, `GMT+05:30` or, before railways, `GMT-00:43:08`. @returns ms. */
function parseOffset(text: string): number {
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text)
  if (match === null) throw new Error(`not an offset: ${text}`)
  const [, sign, hours = 0, minutes = 0, seconds = 0] = match
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -ms : ms
}

/** Remembers the answers of a function, because the engine takes 3 µs for each. Most times need none that is new. */
function remembering(offsetAt: (ms: number) => number): (ms: number) => number {
  const known = new Map<number, number>()
  const atSpan = (span: number): number => {
    const offset = known.get(span) ?? offsetAt(span * SPAN_MS)
    known.set(span, offset)
    return offset
  }
  return (ms) => {
    const span = Math.floor(ms / SPAN_MS)
    const offset = atSpan(span)
    return offset === atSpan(span + 1) ? offset : offsetAt(ms)
  }
}

/** The time on the zone's clocks at a time in epoch ms, as the epoch ms at which UTC's clocks show that time. */
export function localMs(zone: Zone, ms: number): number {
  return ms + zone.offsetAt(ms)
}

/**
 * RFC 3339 to the second: `2026-11-21T00:00:00+05:30`, and with `Z` in UTC. It is UTC also where the offset has seconds
 * (in the 19th century), because RFC 3339 cannot write those.
 */
export function formatInZone(zone: Zone, ms: number): string {
  const offset = zone.offsetAt(ms)
  if (UTC_NAME.test(zone.name) || offset % 60_000 !== 0) return `${formatSecond(ms)}Z`
  const [sign, minutes] = [offset < 0 ? '-' : '+', Math.abs(offset) / 60_000]
  return `${formatSecond(ms + offset)}${sign}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`
}
