const UNITS = ['', 'k', 'M', 'B', 'T', 'Q'] as const

/**
 * A number in at most five characters and a sign, as people read them: `999`, `1.23k`, `45.6M`. Cut, not rounded, so
 * that it never says more than there is; past a thousand Q it is a power of ten.
 */
export function shorten(n: bigint): string {
  const [sign, digits] = n < 0n ? ['-', String(-n)] : ['', String(n)]
  const unit = UNITS[Math.floor((digits.length - 1) / 3)]
  if (unit === '') return sign + digits
  if (unit === undefined) return `${sign}${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`
  const whole = digits.slice(0, ((digits.length - 1) % 3) + 1)
  const fraction = digits.slice(whole.length, 3).replace(/0+$/, '')
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}${unit}`
}
