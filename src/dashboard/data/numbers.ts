import { shorten } from '../../model/text/short-number.ts'

const GROUPED = new Intl.NumberFormat('en-US')

/** `12,345,678`, exact at any size. */
export function grouped(n: bigint | number): string {
  return GROUPED.format(n)
}

/** Digits that fit: in a cell of a table, alone in large type, and at an axis. Longer numbers are shortened. */
const DIGITS_MAX = { cell: 7, headline: 12, axis: 6 } as const

export type FigurePlace = keyof typeof DIGITS_MAX

/** A number grouped by thousands if it fits its place, else shortened. Show the exact number as a title then. */
export function figure(n: bigint | number, place: FigurePlace = 'cell'): string {
  const exact = BigInt(n)
  const digits = String(exact < 0n ? -exact : exact).length
  return digits <= DIGITS_MAX[place] ? grouped(exact) : shorten(exact)
}

/** `0`, `0.4`, `12`, `3,400`: per second. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0'
  if (perSecond < 0.1) return '<0.1'
  return perSecond < 10 ? perSecond.toFixed(1) : grouped(Math.round(perSecond))
}

/** `12.3%`, `<0.1%`; empty where a share makes no sense, as with negative values. */
export function share(part: bigint, whole: bigint): string {
  if (part < 0n || whole <= 0n || part > whole) return ''
  if (part === 0n) return '0%'
  const perMille = Number((part * 1000n) / whole)
  return perMille === 0 ? '<0.1%' : `${(perMille / 10).toFixed(1)}%`
}

/**
 * `+12.3%`, `−4%`, `0%`, `<+0.1%`: how a figure has changed from the one before. Past a tenfold it is `×12`. Where a share makes
 * no sense, because there was nothing before or one of them is below 0, it is the difference: `+120`.
 */
export function change(now: bigint, before: bigint): string {
  if (now === before) return '0%'
  const sign = now > before ? '+' : '−'
  const difference = now > before ? now - before : before - now
  if (before <= 0n || now < 0n) return `${sign}${figure(difference)}`
  if (now >= before * 10n) return `×${figure(now / before)}`
  const perMille = Number((difference * 1000n) / before)
  if (perMille === 0) return `<${sign}0.1%`
  return `${sign}${(perMille / 10).toFixed(perMille < 1000 ? 1 : 0)}%`
}

export function fraction(part: bigint, whole: bigint): number {
  return whole <= 0n ? 0 : Math.max(0, Number((part * 10_000n) / whole) / 10_000)
}

/** `3 s`, `4 min`, `2 h`, `3 d`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  return ms < 48 * 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  return n < 1024 * 1024 ? `${Math.round(n / 1024)} KiB` : `${(n / 1024 / 1024).toFixed(1)} MiB`
}
