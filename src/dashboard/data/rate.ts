import { type Series, totalOf } from './series.ts'

/** How many increments there were by when, in which hours. */
export type Sample = { readonly atMs: number; readonly count: number; readonly hours: string }

/** Over how long a rate is taken: short enough to be now, long enough to be calm. */
const WINDOW_MS = 15_000

export function sampleOf(series: Series, atMs: number): Sample {
  return { atMs, count: totalOf(series).count, hours: `${series.from}/${series.to}` }
}

/** The samples of the window, the new one included; those of other hours do not compare. */
export function remember(samples: readonly Sample[], sample: Sample): Sample[] {
  const kept = samples.filter(
    ({ atMs, hours }) => hours === sample.hours && atMs >= sample.atMs - WINDOW_MS && atMs < sample.atMs,
  )
  return [...kept, sample]
}

/** Increments per second between the first sample and the last; undefined while they are too close to tell. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < 1000) return undefined
  return (Math.max(0, last.count - first.count) * 1000) / (last.atMs - first.atMs)
}
