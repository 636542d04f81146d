const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/i

/**
 * Epoch milliseconds of an RFC 3339 time, cut (not rounded) to the millisecond so that a time never leaves its
 * hour; undefined for anything else. A leap second (`:60`) is refused: Unix time has no place for it.
 */
export function parseRfc3339(text: string): number | undefined {
  const match = RFC_3339.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six
  const [fraction = '', sign = '+', offsetHour = '0', offsetMinute = '0'] = match.slice(7)
  if (hour > 23 || minute > 59 || second > 59) return undefined
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined
  const civil = new Date(0)
  civil.setUTCFullYear(year, month - 1, day)
  // A day that does not exist has rolled over into another month.
  if (civil.getUTCMonth() !== month - 1 || civil.getUTCDate() !== day) return undefined
  const offsetMs = (sign === '-' ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000
  const millisecond = Number(fraction.slice(0, 3).padEnd(3, '0'))
  return civil.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond - offsetMs
}

type Six = [number, number, number, number, number, number]

/** The fault of a time that is none. */
export const AT_FAULT =
  'must be an RFC 3339 time such as 2026-11-21T20:15:00Z or whole epoch milliseconds, in the years 1000 to 9998'

/** Years that RFC 3339, JavaScript and Postgres all write alike, with room for a range around them. */
export const EARLIEST_MS = Date.UTC(1000, 0)
const LATEST_MS = Date.UTC(9999, 0)

/** Epoch milliseconds of an increment's `at`, which is RFC 3339 or a number; undefined for what is no time. */
export function instantOf(at: unknown): number | undefined {
  const ms = typeof at === 'string' ? parseRfc3339(at) : at
  return Number.isInteger(ms) && Number(ms) >= EARLIEST_MS && Number(ms) < LATEST_MS ? Number(ms) : undefined
}
