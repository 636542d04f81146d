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
  const soon = withinMinute(text)
  if (soon !== undefined) return soon
  const match = EPOCH.exec(text)
  if (match === null) return ofText(text)
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

/** `2026-11-30T00:36`, the minute that was read last, with the mark behind it. Lines of a log mostly follow within one. */
let minute = { text: '', ms: 0 }

/** The length of a minute's text. */
const MINUTE_LENGTH = 17

/** Reads a time in UTC of the minute that was read last, to the second or the millisecond; undefined for any other. */
function withinMinute(text: string): number | undefined {
  const { length } = text
  if ((length !== 20 && length !== 24) || text.charCodeAt(length - 1) !== UTC_MARK) return undefined
  if (!text.startsWith(minute.text) || minute.text === '') return undefined
  const seconds = digitsAt(text, MINUTE_LENGTH, 2)
  const ms = length === 20 ? 0 : digitsAt(text, MINUTE_LENGTH + 3, 3)
  const isPlain = length === 20 || text.charCodeAt(MINUTE_LENGTH + 2) === POINT
  return seconds < 60 && ms >= 0 && isPlain && seconds >= 0 ? minute.ms + seconds * 1000 + ms : undefined
}

const UTC_MARK = 'Z'.charCodeAt(0)
const POINT = '.'.charCodeAt(0)

/** A number of some digits; -1 where there are others than digits. */
function digitsAt(text: string, from: number, length: number): number {
  let number = 0
  for (let i = from; i < from + length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

function ofText(text: string): number | undefined {
  const ms = instantOf(text)
  if (ms !== undefined && text.endsWith('Z') && text[MINUTE_LENGTH - 1] === ':') {
    minute = { text: text.slice(0, MINUTE_LENGTH), ms: Math.floor(ms / 60_000) * 60_000 }
  }
  return ms
}
