import type { Counter, Sums } from './answers.ts'
import type { Measure, Shown } from './view.ts'

/** What is drawn of a key or prefix: by bucket, what Postgres has and what it may not have yet. */
export type Series = {
  readonly shown: Shown
  /** Epoch ms at which each bucket begins, and the text of it in the zone. */
  readonly starts: readonly number[]
  readonly labels: readonly string[]
  readonly committed: readonly Sums[]
  readonly held: readonly Sums[]
  /** Names the batches that are in `committed`. */
  readonly asOf: string | null
  readonly from: string
  readonly to: string
  readonly freshFrom: string | null
  readonly lastFlushAt: string | null
  readonly isAligned: boolean
}

export const NONE: Sums = { sum: 0n, count: 0 }

export function seriesOf(answer: Counter, shown: Shown): Series {
  const starts = answer.buckets.map(({ start }) => Date.parse(start))
  const held = heldBy(starts, answer)
  return {
    shown,
    starts,
    labels: answer.buckets.map(({ start }) => start),
    held,
    committed: answer.buckets.map((bucket, i) => minus(bucket, held[i] ?? NONE)),
    asOf: answer.asOf,
    from: answer.from,
    to: answer.to,
    freshFrom: answer.freshFrom,
    lastFlushAt: answer.lastFlushAt,
    isAligned: answer.aligned,
  }
}

/**
 * The same a moment later, by what the shards hold now; undefined when a flush came between, and Postgres must be read
 * again: what was held may then be in its rows.
 */
export function withHeld(series: Series, unsettled: Counter): Series | undefined {
  if (unsettled.asOf !== series.asOf) return undefined
  return { ...series, held: heldBy(series.starts, unsettled) }
}

/** Each hour that is held falls in the last bucket that has begun by then. */
function heldBy(starts: readonly number[], { unsettled }: Counter): Sums[] {
  const held: Sums[] = starts.map(() => NONE)
  for (const bucket of unsettled ?? []) {
    const startMs = Date.parse(bucket.start)
    const i = Math.max(
      0,
      starts.findLastIndex((start) => start <= startMs),
    )
    held[i] = plus(held[i] ?? NONE, bucket)
  }
  return held
}

export function plus(a: Sums, b: Sums): Sums {
  return { sum: a.sum + b.sum, count: a.count + b.count }
}

function minus(a: Sums, b: Sums): Sums {
  return { sum: a.sum - b.sum, count: a.count - b.count }
}

export function bucketTotal({ committed, held }: Series, i: number): Sums {
  return plus(committed[i] ?? NONE, held[i] ?? NONE)
}

export function totalOf(series: Series): Sums {
  return series.committed.map((_, i) => bucketTotal(series, i)).reduce(plus, NONE)
}

export function heldTotal({ held }: Series): Sums {
  return held.reduce(plus, NONE)
}

export function measureOf(sums: Sums, by: Measure): bigint {
  return by === 'sum' ? sums.sum : BigInt(sums.count)
}

/** 0 for none. */
export function largest(values: readonly bigint[]): bigint {
  let most = values[0] ?? 0n
  for (const value of values) if (value > most) most = value
  return most
}
