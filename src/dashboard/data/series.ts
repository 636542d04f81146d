import type { CoarseRange, UnreadableRow } from '../../client/answers.ts'
import type { Figures, ShownCounter } from './answers.ts'
import { type Measure, SHOWN_MAX, type Shown } from './view.ts'

/** One of the parts that a label breaks a sum down into. Together they are the sum. [L1] */
export type BreakdownPart =
  | { readonly kind: 'group'; readonly value: string }
  /** All further groups. */
  | { readonly kind: 'others'; readonly groups: number }
  | { readonly kind: 'unlabelled'; readonly label: string }
  /** Increments that came with one label set too many. */
  | { readonly kind: 'overflow' }

/** A key or prefix over time: for each bucket, what Postgres has, and what shards hold that Postgres may not have yet. */
export type Series<T = Shown> = {
  readonly shown: T
  /** When each bucket begins: in epoch ms, and as the server writes it in the time zone. */
  readonly starts: readonly number[]
  readonly labels: readonly string[]
  readonly committed: readonly Figures[]
  readonly held: readonly Figures[]
  /** Identifies the batches that `committed` includes. */
  readonly asOf: string | null
  readonly from: string
  readonly to: string
  readonly freshFrom: string | null
  readonly lastFlushAt: string | null
  readonly isAligned: boolean
  /** Rows of Postgres that are left out. */
  readonly unreadable: readonly UnreadableRow[]
  /** UTC days that count whole where they begin, because their hours are gone. [D1] */
  readonly coarse: readonly CoarseRange[]
  /** The conditions on labels that it was read with. */
  readonly where: readonly string[]
  readonly breakdown: Breakdown | null
  /** The time before; null where it is not compared. */
  readonly before: Before | null
}

/** The sums of the time before: beside each bucket those of its own, undefined where it has none, and all in all. */
type Before = {
  readonly buckets: readonly (Figures | undefined)[]
  readonly total: Figures
}

/** A series by the values of a label. */
export type Breakdown = { readonly label: string; readonly parts: readonly Series<BreakdownPart>[] }

export const NONE: Figures = { sum: 0n, count: 0 }

export function seriesOf(answer: ShownCounter, shown: Shown, where: readonly string[] = []): Series {
  const starts = answer.buckets.map(({ start }) => Date.parse(start))
  const whole: Series = {
    shown,
    starts,
    labels: answer.buckets.map(({ start }) => start),
    ...splitOf(answer, starts),
    asOf: answer.asOf,
    from: answer.from,
    to: answer.to,
    freshFrom: answer.freshFrom,
    lastFlushAt: answer.lastFlushAt,
    isAligned: answer.aligned,
    unreadable: answer.unreadable ?? [],
    coarse: answer.coarse ?? [],
    where,
    breakdown: null,
    before: beforeOf(answer.previous, answer.previous?.beside),
  }
  return { ...whole, breakdown: breakdownOf(answer, whole) }
}

/** Series with one beginning: all that was counted begins elsewhere for each, and has nothing in the buckets before. */
export function inStep(series: readonly Series[]): Series[] {
  const [longest] = series.toSorted((a, b) => b.starts.length - a.starts.length)
  return series.map((own) => {
    const begin = own.starts[0] ?? Number.POSITIVE_INFINITY
    const missing = longest?.starts.filter((start) => start < begin) ?? []
    if (missing.length === 0) return own
    const none = missing.map(() => NONE)
    return {
      ...own,
      starts: [...missing, ...own.starts],
      labels: [...(longest?.labels.slice(0, missing.length) ?? []), ...own.labels],
      committed: [...none, ...own.committed],
      held: [...none, ...own.held],
    }
  })
}

function breakdownOf(answer: ShownCounter, whole: Series): Breakdown | null {
  const { by, groups, others, unlabelled, overflow, previous: before } = answer
  if (!by || !groups || !others || !unlabelled || !overflow) return null
  const part = (shown: BreakdownPart, own: AnsweredBuckets): Series<BreakdownPart> => ({
    ...whole,
    shown,
    ...splitOf(own, whole.starts),
    before: beforeOf(own.previous, before?.beside),
  })
  return {
    label: by,
    parts: [
      ...groups.map((group) => part({ kind: 'group', value: group.value }, group)),
      part({ kind: 'others', groups: others.groups }, others),
      part({ kind: 'unlabelled', label: by }, unlabelled),
      part({ kind: 'overflow' }, overflow),
    ],
  }
}

type Previous = { readonly total: Figures; readonly buckets: readonly Figures[] }

/** Figures by when their buckets begin. */
type Starting = readonly (Figures & { readonly start: string })[]

type AnsweredBuckets = {
  readonly buckets: Starting
  readonly unsettled: Starting | null
  readonly previous?: Previous | undefined
}

function beforeOf(previous: Previous | undefined, beside: readonly (number | null)[] = []): Before | null {
  if (previous === undefined) return null
  const plain = ({ sum, count }: Figures): Figures => ({ sum, count })
  const at = (i: number | null) => (i === null ? undefined : previous.buckets[i])
  return {
    buckets: beside.map(at).map((bucket) => bucket && plain(bucket)),
    total: plain(previous.total),
  }
}

export type DrawnSeries = readonly Series<Shown | BreakdownPart>[]

/** The series that are drawn: the parts of one that is broken down, otherwise all as they are. */
export function drawnOf(series: readonly Series[]): DrawnSeries {
  return series[0]?.breakdown?.parts ?? series
}

export function isPart(shown: Shown | BreakdownPart): shown is BreakdownPart {
  return shown.kind !== 'key' && shown.kind !== 'prefix'
}

/** A colour's name in the style sheet. Further groups share the one of the others, because more could not be told apart. */
export function colourOf(shown: Shown | BreakdownPart, i: number): string {
  if (shown.kind === 'unlabelled' || shown.kind === 'overflow') return shown.kind
  return shown.kind !== 'others' && i < SHOWN_MAX ? `series-${i + 1}` : 'others'
}

/**
 * The series with what the shards hold now; undefined when a flush landed in between. What was held may then be in
 * Postgres's rows, so Postgres must be read again.
 */
export function withHeld(series: Series, unsettled: ShownCounter): Series | undefined {
  if (unsettled.asOf !== series.asOf) return undefined
  const { breakdown } = series
  const parts = breakdown === null ? null : partsWithHeld(breakdown.parts, unsettled)
  // The parts add up to the whole, so neither moves without the other.
  if (parts === undefined) return series
  return {
    ...series,
    held: heldBy(series.starts, unsettled),
    breakdown: breakdown === null || parts === null ? null : { ...breakdown, parts },
  }
}

/**
 * The parts with what the shards hold of each. Values that had no part of their own are among the others. Undefined where the
 * shards hold more values than they were asked for, because one that has a part may then be among those that are not named.
 */
function partsWithHeld(
  parts: readonly Series<BreakdownPart>[],
  { groups = [], others, unlabelled, overflow }: ShownCounter,
): readonly Series<BreakdownPart>[] | undefined {
  if (others === undefined || others.groups > 0) return undefined
  const own = new Set(parts.flatMap(({ shown }) => (shown.kind === 'group' ? [shown.value] : [])))
  const further = groups.filter(({ value }) => !own.has(value))
  const heldOf = (shown: BreakdownPart): readonly UnsettledPart[] => {
    if (shown.kind === 'group') return groups.filter(({ value }) => value === shown.value)
    if (shown.kind === 'others') return further
    const part = shown.kind === 'unlabelled' ? unlabelled : overflow
    return part === undefined ? [] : [part]
  }
  return parts.map((part) => {
    const { shown, starts } = part
    const held = heldBy(starts, ...heldOf(shown))
    if (shown.kind !== 'others') return { ...part, held }
    return { ...part, held, shown: { ...shown, groups: Math.max(shown.groups, further.length) } }
  })
}

type UnsettledPart = Pick<AnsweredBuckets, 'unsettled'>

/** An answer as what Postgres has, and what shards hold. */
function splitOf(answer: AnsweredBuckets, starts: readonly number[]): Pick<Series, 'committed' | 'held'> {
  const held = heldBy(starts, answer)
  return { held, committed: answer.buckets.map((bucket, i) => minus(bucket, held[i] ?? NONE)) }
}

/** Adds up by bucket what shards hold. An hour belongs to the last bucket that has begun by then. */
function heldBy(starts: readonly number[], ...answers: readonly UnsettledPart[]): Figures[] {
  const held: Figures[] = starts.map(() => NONE)
  for (const bucket of answers.flatMap(({ unsettled }) => unsettled ?? [])) {
    const startMs = Date.parse(bucket.start)
    const i = Math.max(
      0,
      starts.findLastIndex((start) => start <= startMs),
    )
    held[i] = plus(held[i] ?? NONE, bucket)
  }
  return held
}

export function plus(a: Figures, b: Figures): Figures {
  return { sum: a.sum + b.sum, count: a.count + b.count }
}

function minus(a: Figures, b: Figures): Figures {
  return { sum: a.sum - b.sum, count: a.count - b.count }
}

export function bucketTotal({ committed, held }: Series<unknown>, i: number): Figures {
  return plus(committed[i] ?? NONE, held[i] ?? NONE)
}

/** Whether a bucket is over, runs, or has not begun. A bucket that clients' clocks have reached already counts as running. */
export function stageOf(series: Series<unknown>, i: number, nowMs: number): 'over' | 'running' | 'ahead' {
  const startMs = series.starts[i] ?? Number.POSITIVE_INFINITY
  const endMs = series.starts[i + 1] ?? Date.parse(series.to)
  if (endMs <= nowMs) return 'over'
  return startMs <= nowMs || bucketTotal(series, i).count > 0 ? 'running' : 'ahead'
}

export function totalOf(series: Series<unknown>): Figures {
  return series.committed.map((_, i) => bucketTotal(series, i)).reduce(plus, NONE)
}

export function heldTotal({ held }: Series<unknown>): Figures {
  return held.reduce(plus, NONE)
}

export function measureOf(sums: Figures, by: Measure): bigint {
  return by === 'sum' ? sums.sum : BigInt(sums.count)
}

/** The largest value; 0 when there are none. */
export function largest(values: readonly bigint[]): bigint {
  let most = values[0] ?? 0n
  for (const value of values) if (value > most) most = value
  return most
}
