import { type Series, totalOf } from '../series.ts'

/** The count of a range of hours at one moment. */
export type CountSample = { readonly atMs: number; readonly count: number; readonly hours: string }

/** The window of a rate, in milliseconds: short enough to be current, long enough to be steady. */
const WINDOW_MS = 15_000

export function sampleOf(series: Series, atMs: number): CountSample {
  return { atMs, count: totalOf(series).count, hours: `${series.from}/${series.to}` }
}

/**
 * The samples within the window, with the new one, and the last of before, because a page that asks seldom has no other.
 * Samples of another range cannot be compared and are dropped.
 */
export function rememberSample(samples: readonly CountSample[], sample: CountSample): CountSample[] {
  const before = samples.filter(({ atMs, hours }) => hours === sample.hours && atMs < sample.atMs)
  const kept = before.filter(({ atMs }) => atMs >= sample.atMs - WINDOW_MS)
  return [...(kept.length > 0 ? kept : before.slice(-1)), sample]
}

/** Increments per second from the first sample to the last; undefined while they are less than a second apart. */
export function rateOf(samples: readonly CountSample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < 1000) return undefined
  return (Math.max(0, last.count - first.count) * 1000) / (last.atMs - first.atMs)
}
