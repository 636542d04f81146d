const DECIMAL = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?(?:e([+-]?\d{1,3}))?$/i

/** Digits past which no number is a safe integer. */
const DIGITS_MAX = 16

/**
 * A decimal number times a power of ten, exactly: 19.99 times 10^2 is 1999, and not 1998.9999999999998.
 *
 * @param value a number, or its text. Of a number its shortest decimal form is taken, which is the text that it was read from.
 * @returns undefined for what is no number; NaN for what is no whole number then; an infinity for what is too large.
 */
export function scaled(value: unknown, power: number): number | undefined {
  if (typeof value === 'number' && power === 0 && Number.isSafeInteger(value)) return value
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return 0
  const integer = shift(digits, Number(exponent) - fraction.length + power)
  return sign === '-' ? -integer : integer
}

/** How far from a whole number doubles may end that stand for one and were added up: in all, and of the unit that is counted. */
const ADDED_UP = { relative: 1e-12, absolute: 1e-3 }

/**
 * The whole number that a double times a power of ten stands for, where doubles were added up before it: 0.1 + 0.2 times 10 is 3,
 * and not 3.0000000000000004; undefined where it is further from any.
 */
export function nearWhole(value: number, power: number): number | undefined {
  const product = value * 10 ** power
  const whole = Math.round(product)
  const away = Math.abs(product - whole)
  const isNear = away <= Math.abs(whole) * ADDED_UP.relative && away <= ADDED_UP.absolute
  return isNear && Number.isSafeInteger(whole) ? whole : undefined
}

/** A number of so many digits times 10^power; NaN when that is no whole number. */
function shift(digits: string, power: number): number {
  if (power >= 0) {
    return digits.length + power > DIGITS_MAX ? Number.POSITIVE_INFINITY : Number(digits + '0'.repeat(power))
  }
  const whole = digits.slice(0, power)
  if (/[1-9]/.test(digits.slice(power)) || digits.length <= -power) return Number.NaN
  return whole.length > DIGITS_MAX ? Number.POSITIVE_INFINITY : Number(whole)
}
