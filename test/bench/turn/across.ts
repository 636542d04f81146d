import { median } from '../figures.ts'
import type { Waits } from '../paced/phase.ts'

/** What the p99 of a second at the turn may be, in p99 of the rest: more is a spike. */
export const TURN_RATIO_MAX = 2

/** From one second before the turn to four after it. */
const WINDOW = { before: 1, seconds: 5 }

/** The worst of some seconds, in ms: their highest p99, and the longest wait. */
export type Worst = { readonly p99: number; readonly longest: number }

/** In ms. */
export type Turn = {
  readonly windowSeconds: number
  readonly worst: Worst
  /** Of the seconds outside the window: medians over them. */
  readonly rest: { readonly median: number; readonly p99: number }
  /** Medians of what is the worst of each other window as long: what a turn that costs nothing would be like. */
  readonly usual: Worst
  /** Of the worst p99 to that of the rest. A single wait says little: it is longer than twice the p99 at any time. */
  readonly ratio: number
}

/** @param turnSecond the second that begins with the turn, counted from 0. */
export function acrossTurn(bySecond: readonly Waits[], turnSecond: number): Turn {
  const from = turnSecond - WINDOW.before
  const isIn = (_: Waits, second: number) => second >= from && second < from + WINDOW.seconds
  const rest = bySecond.filter((waits, second) => !isIn(waits, second))
  const worst = worstOf(bySecond.filter(isIn))
  const others = windowsOf(rest).map(worstOf)
  const p99 = median(rest.map((waits) => waits.p99))
  return {
    windowSeconds: WINDOW.seconds,
    worst,
    rest: { median: median(rest.map((waits) => waits.median)), p99 },
    usual: { p99: median(others.map((w) => w.p99)), longest: median(others.map((w) => w.longest)) },
    ratio: worst.p99 / p99,
  }
}

function windowsOf(seconds: readonly Waits[]): Waits[][] {
  const count = Math.floor(seconds.length / WINDOW.seconds)
  return Array.from({ length: count }, (_, i) => seconds.slice(i * WINDOW.seconds, (i + 1) * WINDOW.seconds))
}

function worstOf(seconds: readonly Waits[]): Worst {
  return {
    p99: Math.max(...seconds.map((waits) => waits.p99)),
    longest: Math.max(...seconds.map((waits) => waits.longest)),
  }
}
