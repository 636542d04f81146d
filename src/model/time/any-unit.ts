import { instantOf } from './instant.ts'

const EPOCH = /^(\d{1,20})(?:\.(\d{1,20}))?$/

/** Digits that a time before the point has at most, and how many of them are below a second. More digits are nanoseconds. */
const UNITS = [
  { digitsMax: 11, below: 0 },
  { digitsMax: 14, below: 3 },
  { digitsMax: 17, below: 6 },
  { digitsMax: 20, below: 9 },
] as const

/**
 * Epoch ms of a time as clients write it: RFC 3339, or a number (or its text) of seconds, milliseconds, microseconds or
 * nanoseconds, with a fraction or without. The unit follows from the digits before the point: 10 are seconds, 13
 * milliseconds, 16 microseconds, 19 nanoseconds. It is cut, not rounded, so that a time never leaves its hour.
 *
 * @returns undefined for what is no time.
 */
export function instantInAnyUnit(value: unknown): number | undefined {
  if (Number.isSafeInteger(value)) return ofWhole(Number(value))
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const match = EPOCH.exec(text)
  if (match === null) return instantOf(text)
  const [, whole = '', fraction = ''] = match
  const unit = UNITS.find(({ digitsMax }) => whole.length <= digitsMax)
  if (unit === undefined || Number(whole) === 0) return undefined
  // All digits in one row, of which those up to the third below a second are the milliseconds.
  const digits = `${whole}${fraction.padEnd(3, '0')}`
  return instantOf(Number(digits.slice(0, whole.length - unit.below + 3)))
}

/** Whole numbers need no text. Nanoseconds are no safe integers. */
function ofWhole(time: number): number | undefined {
  if (time <= 0) return undefined
  if (time < 1e11) return instantOf(time * 1000)
  return instantOf(time < 1e14 ? time : Math.floor(time / 1000))
}
