import { must } from '../../model/assert.ts'
import type { Cell } from '../../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../../model/cell.ts'
import type { Hour, HourRange } from '../../model/hour.ts'
import { formatHourStart, hourStartMs } from '../../model/hour.ts'
import type { CommittedRead } from '../../model/read.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Bucket } from '../../model/time/calendar.ts'
import { bucketIndexOf, bucketsOf, isAligned } from '../../model/time/calendar.ts'
import { besideOf } from '../../model/time/previous.ts'
import { formatInZone } from '../../model/time/zone.ts'
import type { Problem } from '../http/problem.ts'
import { coarseOf, type SubjectAnswer, sumsOf } from './answers.ts'
import type { AskShard, FreshRead, ShardsOfHour } from './fresh.ts'
import { freshRange, readFresh, readHeld, shardsToAsk } from './fresh.ts'
import type { KnownWriters } from './known-writers.ts'
import type { ReadingQuery } from './query.ts'

/** Where a read comes from: rows, and the shards that hold what is not in the rows. */
export type ReadSource = {
  readonly shardsOfHour: ShardsOfHour
  readonly ask: AskShard
  /** Without them Postgres is always asked after the shards. */
  readonly known?: KnownWriters | undefined
  readonly readRows: (rows: {
    readonly buckets: readonly Hour[]
    readonly to: Hour
    readonly gap?: HourRange | undefined
    readonly writers: readonly string[]
  }) => Promise<CommittedRead>
}

/** A range of a read, or the one that it is compared with. */
export type BucketedRange = { readonly range: HourRange; readonly buckets: readonly Bucket[] }

/** Reads each subject of the source, in their order. [R1] [R2] */
export async function readAll(
  query: ReadingQuery,
  nowMs: number,
  {
    subjects,
    ...source
  }: ReadSource & {
    /** The names of what is read: keys, or a prefix for all keys under it together. */
    readonly subjects: readonly string[]
  },
): Promise<Result<SubjectAnswer[], Problem>> {
  const found = await findAll(query, nowMs, source)
  return found.ok ? ok(readingsOf(found.value, subjects)) : found
}

/** The rows and held cells of a read, by the names of keys, of a prefix, or of groups of slices. */
export type Found = {
  readonly query: ReadingQuery
  readonly current: BucketedRange
  /** Null when the range is not compared. */
  readonly previous: BucketedRange | null
  readonly read: FreshRead | CommittedOnly
  /** From which hour on it is fresh; null for a committed read. */
  readonly freshFrom: Hour | null
}

type CommittedOnly = { readonly committed: CommittedRead; readonly unsettled: null }

/**
 * Reads all that the source has. Both ranges are read by one statement, so that they are of one instant. The hours between them
 * are a bucket that is not read.
 */
export async function findAll(
  query: ReadingQuery,
  nowMs: number,
  { shardsOfHour, ask, known, readRows }: ReadSource,
): Promise<Result<Found, Problem>> {
  const { range, freshHours, isUnsettled } = query
  const current = inBuckets(range, query)
  const previous = query.previous === null ? null : inBuckets(query.previous, query)
  const gap = gapOf(previous, range)
  const earlier = query.earlier === undefined ? [] : [{ from: query.earlier }]
  const before = [...earlier, ...(previous?.buckets ?? []), ...(gap === undefined ? [] : [gap])]
  const buckets = [...before, ...current.buckets].map(({ from }) => from)
  const readCommitted = (writers: readonly string[]) => readRows({ buckets, to: range.to, gap, writers })
  const found = { query, current, previous }
  if (freshHours === null) {
    const read = { committed: await readCommitted([]), unsettled: null }
    return ok({ ...found, read, freshFrom: null })
  }
  const fresh = freshRange(nowMs, freshHours)
  const ranges = previous === null ? [range] : [previous.range, range]
  const asked = shardsToAsk(ranges, fresh, shardsOfHour)
  if (!asked.ok) return asked
  const read = isUnsettled
    ? await readHeld(asked.value, ask)
    : await readFresh(asked.value, { ask, known, readCommitted })
  if (read === undefined) return fail({ kind: 'unavailable', source: 'flushes' })
  return ok({ ...found, read, freshFrom: fresh.from })
}

/** A range with its buckets: one of all hours when nothing but the total is asked for. */
export function inBuckets(range: HourRange, { unit, zone }: ReadingQuery): BucketedRange {
  const whole = [{ from: range.from, startMs: hourStartMs(range.from) }]
  return { range, buckets: unit === null ? whole : bucketsOf(range, unit, zone) }
}

/** The hours between what is compared and a range; undefined where there are none. */
function gapOf(previous: BucketedRange | null, { from }: HourRange): HourRange | undefined {
  if (previous === null || previous.range.to >= from) return undefined
  return { from: previous.range.to, to: from }
}

/** The buckets that an answer shows: none when nothing but the total is asked for. */
function shownBuckets<T>({ query: { unit } }: Found, buckets: readonly T[]): T[] {
  return unit === null ? [] : [...buckets]
}

/** The cell of each bucket of what has this name: the rows, and what shards hold beside them. */
export function cellsOf(found: Found, name: string, period: BucketedRange = found.current): Cell[] {
  const cells = period.buckets.map(() => EMPTY_CELL)
  for (const [i, cell] of bucketCellsOf(found, name, period)) {
    cells[i] = mergeCells(must(cells[i], 'the bucket of an hour'), cell)
  }
  return cells
}

/** The cells of a name in a period with the numbers of their buckets, one after the other; a bucket may come twice. */
export function* bucketCellsOf(
  { read }: Found,
  name: string,
  { range, buckets }: BucketedRange,
): Generator<readonly [number, Cell]> {
  for (const cells of [read.committed.counters.get(name)?.cells, read.unsettled?.get(name)]) {
    for (const [hour, cell] of cells ?? []) {
      if (hour >= range.from && hour < range.to) yield [bucketIndexOf(buckets, hour), cell]
    }
  }
}

/** The buckets of the range in which shards hold something of these names, added up. Null when no shard was asked. */
export function heldOf(found: Found, names: readonly string[]) {
  const {
    current,
    read: { unsettled },
  } = found
  const { range, buckets } = current
  if (unsettled === null) return null
  const cells = buckets.map(() => EMPTY_CELL)
  for (const [hour, cell] of names.flatMap((name) => [...(unsettled.get(name) ?? [])])) {
    if (hour < range.from) continue
    const i = bucketIndexOf(buckets, hour)
    cells[i] = mergeCells(must(cells[i], 'the bucket of an hour'), cell)
  }
  return cells.flatMap((cell, i) =>
    cell.count > 0 ? [{ start: startOf(found, current, i), ...sumsOf(cell) }] : [],
  )
}

/** When the bucket with this number began, as answers show it. */
export function startOf({ query: { zone } }: Found, { buckets }: BucketedRange, i: number): string {
  return formatInZone(zone, must(buckets[i], 'the bucket of a cell').startMs)
}

/** Cells by bucket as answers show them. */
export function shownPart(found: Found, cells: readonly Cell[], period: BucketedRange) {
  return {
    total: sumsOf(cells.reduce(mergeCells, EMPTY_CELL)),
    buckets: shownBuckets(
      found,
      cells.map((cell, i) => ({ start: startOf(found, period, i), ...sumsOf(cell) })),
    ),
  }
}

export function readingsOf(found: Found, subjects: readonly string[]): SubjectAnswer[] {
  return subjects.map((subject) => readingOf(found, subject))
}

export function readingOf(found: Found, subject: string): SubjectAnswer {
  const { query, current, previous, read, freshFrom } = found
  const { range, unit, zone } = query
  const unsettled = heldOf(found, [subject])
  const lastFlushMs = read.committed.counters.get(subject)?.lastFlushMs ?? null
  return {
    from: formatHourStart(range.from),
    to: formatHourStart(range.to),
    bucket: unit,
    tz: zone.name,
    aligned: isAligned(current.buckets, zone),
    ...shownPart(found, cellsOf(found, subject), current),
    unsettled,
    pending: unsettled?.reduce((sum, { count }) => sum + count, 0) ?? null,
    asOf: read.unsettled === null ? null : (read.asOf.get(subject) ?? ''),
    freshFrom: freshFrom === null ? null : formatHourStart(freshFrom),
    lastFlushAt: lastFlushMs === null ? null : new Date(lastFlushMs).toISOString(),
    ...(previous === null ? {} : { previous: previousOf(found, subject, previous) }),
    ...(read.committed.unreadable.length === 0 ? {} : { unreadable: [...read.committed.unreadable] }),
    ...coarseOf(read.committed.coarse),
  }
}

function previousOf(
  found: Found,
  subject: string,
  period: BucketedRange,
): NonNullable<SubjectAnswer['previous']> {
  const { unit, zone } = found.query
  return {
    from: formatHourStart(period.range.from),
    to: formatHourStart(period.range.to),
    ...shownPart(found, cellsOf(found, subject, period), period),
    beside: unit === null ? [] : besideOf(found.current.buckets, period.buckets, { unit, zone }),
  }
}
