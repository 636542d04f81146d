import type uPlot from 'uplot'
import { bucketTotal, type DrawnSeries, isPart, measureOf, NONE, type Series, stageOf } from './series.ts'
import type { Measure } from './view.ts'

/** A value as a canvas can draw it, rounded. Figures that are read out stay exact and come from the series. */
function numberOf(n: bigint): number {
  return Number(n)
}

/** How series are drawn. */
export type ChartLook = 'bars' | 'lines' | 'stack'

export function lookOf(series: DrawnSeries): ChartLook {
  if (series.some(({ shown }) => isPart(shown))) return 'stack'
  return series.length === 1 ? 'bars' : 'lines'
}

/**
 * One series is drawn as bars: the part in Postgres, and on top the part that is not there yet. Several are lines, and parts are stacked. A
 * bucket that runs is apart from the others, because what it has so far would look like a fall; one that has not begun
 * is not drawn.
 */
export function plotData(series: DrawnSeries, by: Measure, nowMs: number): uPlot.AlignedData {
  const [first] = series
  if (first === undefined) return [[]]
  const xs = first.starts.map((ms) => ms / 1000)
  const look = lookOf(series)
  const before = befores(series, by)
  if (look === 'bars') return [xs, ...barsOf(first, by, nowMs), ...before]
  if (look === 'stack') return [xs, ...stackOf(series, by, nowMs), ...before]
  const parts = series.map((own) => lineOf(own, by, nowMs))
  return [
    xs,
    ...parts.map(({ solid }) => solid),
    ...parts.map(({ dashed }) => dashed),
    ...parts.map(({ running }) => running),
    ...before,
  ]
}

/** Whether the time before is drawn too. */
export function isCompared(series: readonly Series<unknown>[]): boolean {
  return series.length > 0 && series.every(({ before }) => before !== null)
}

/** The time before, bucket beside bucket: of each series, or of parts together, which are one bar. */
function befores(series: DrawnSeries, by: Measure): readonly DrawnValues[] {
  if (!isCompared(series)) return []
  const lines = series.map(({ starts, before }) =>
    starts.map((_, i) => {
      const sums = before?.buckets[i]
      return sums === undefined ? null : measureOf(sums, by)
    }),
  )
  const together = lookOf(series) === 'stack' ? [lines.reduce(addUp)] : lines
  return together.map((line) => line.map((value) => (value === null ? null : numberOf(value))))
}

type Exact = (bigint | null)[]

function addUp(a: Exact, b: Exact): Exact {
  return a.map((value, i) => (value === null ? null : value + (b[i] ?? 0n)))
}

type DrawnValues = (number | null)[]

/** The whole, its part in Postgres where a bucket is over, and the same part of a bucket that runs. */
function barsOf(series: Series<unknown>, by: Measure, nowMs: number): readonly DrawnValues[] {
  const totals = totalsOf(series, by)
  const committed = series.committed.map((sums) => numberOf(measureOf(sums, by)))
  return [
    totals.map((value, i) => (stageOf(series, i, nowMs) === 'ahead' ? null : value)),
    committed.map((value, i) => (stageOf(series, i, nowMs) === 'over' ? value : null)),
    committed.map((value, i) => (stageOf(series, i, nowMs) === 'running' ? value : null)),
  ]
}

/**
 * Where each part ends, those that are over and then those that run. Every bar begins at 0, so the outermost is drawn first
 * and the others before it. Parts below 0 are stacked downwards, because upwards they would cover what is above 0.
 */
function stackOf(parts: readonly Series<unknown>[], by: Measure, nowMs: number): DrawnValues[] {
  const [ups, downs] = [new Map<number, bigint>(), new Map<number, bigint>()]
  const ends = parts.map((own) =>
    own.starts.map((_, i) => {
      const value = measureOf(bucketTotal(own, i), by)
      if (value === 0n) return null
      const side = value < 0n ? downs : ups
      const end = (side.get(i) ?? 0n) + value
      side.set(i, end)
      return { stage: stageOf(own, i, nowMs), end: numberOf(end) }
    }),
  )
  const only = (stage: string) =>
    ends.map((own) => own.map((at) => (at?.stage === stage ? at.end : null))).toReversed()
  return [...only('over'), ...only('running')]
}

type DrawnLine = { readonly solid: DrawnValues; readonly dashed: DrawnValues; readonly running: DrawnValues }

/**
 * The solid part of a line goes up to the first bucket that is not wholly in Postgres. The dashed part goes on from
 * there, and begins one bucket early, so that the two meet. A bucket that runs is a ring of its own.
 */
function lineOf(series: Series<unknown>, by: Measure, nowMs: number): DrawnLine {
  const held = firstHeld(series)
  const { over, running } = shapeOf(series, by, nowMs)
  return {
    solid: over.map((value, i) => (i < held ? value : null)),
    dashed: over.map((value, i) => (i >= held - 1 ? value : null)),
    running,
  }
}

/** The values of buckets that are over, and of those that run. */
export function shapeOf(
  series: Series<unknown>,
  by: Measure,
  nowMs: number,
): { readonly over: DrawnValues; readonly running: DrawnValues } {
  const totals = totalsOf(series, by)
  const only = (stage: string) =>
    totals.map((value, i) => (stageOf(series, i, nowMs) === stage ? value : null))
  return { over: only('over'), running: only('running') }
}

function totalsOf(series: Series<unknown>, by: Measure): number[] {
  return series.starts.map((_, i) => numberOf(measureOf(bucketTotal(series, i), by)))
}

function firstHeld({ held }: Series<unknown>): number {
  const first = held.findIndex(({ count }) => count > NONE.count)
  return first === -1 ? held.length : first
}
