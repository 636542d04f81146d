import type { UnreadableRow } from '../../client/answers.ts'
import type { Counter, Sums } from './answers.ts'
import type { Measure, Shown } from './view.ts'

/** A key or prefix over time: for each bucket, what Postgres has, and what shards hold that Postgres may not have yet. */
export type Series = {
  readonly shown: Shown
  /** When each bucket begins: in epoch ms, and as the server writes it in the time zone. */
  readonly starts: readonly number[]
  readonly labels: readonly string[]
  readonly committed: readonly Sums[]
  readonly held: readonly Sums[]
  /** Identifies the batches that `committed` includes. */
  readonly asOf: string | null
  readonly from: string
  readonly to: string
  readonly freshFrom: string | null
  readonly lastFlushAt: string | null
  readonly isAligned: boolean
  /** Rows of Postgres that are left out. */
  readonly unreadable: readonly UnreadableRow[]
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
    unreadable: answer.unreadable ?? [],
  }
}

/**
 * The series with what the shards hold now; undefined when a flush landed in between. What was held may then be in
 * Postgres's rows, so Postgres must be read again.
 */
export function withHeld(series: Series, unsettled: Counter): Series | undefined {
  if (unsettled.asOf !== series.asOf) return undefined
  return { ...series, held: heldBy(series.starts, unsettled) }
}

/** Adds up by bucket what shards hold. An hour belongs to the last bucket that has begun by then. */
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

/** Whether a bucket is over, runs, or has not begun. A bucket that clients' clocks have reached already counts as running. */
export function stageOf(series: Series, i: number, nowMs: number): 'over' | 'running' | 'ahead' {
  const startMs = series.starts[i] ?? Number.POSITIVE_INFINITY
  const endMs = series.starts[i + 1] ?? Date.parse(series.to)
  if (endMs <= nowMs) return 'over'
  return startMs <= nowMs || bucketTotal(series, i).count > 0 ? 'running' : 'ahead'
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

/** The largest value; 0 when there are none. */
export function largest(values: readonly bigint[]): bigint {
  let most = values[0] ?? 0n
  for (const value of values) if (value > most) most = value
  return most
}
