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
import { formatInZone } from '../../model/time/zone.ts'
import type { Problem } from '../http/problem.ts'
import { type CounterAnswer, sumsOf } from './answers.ts'
import type { AskShard, FreshRead, ShardQuery } from './fresh.ts'
import { freshRange, readFresh, readHeld } from './fresh.ts'
import type { ReadingQuery } from './query.ts'

/** Where a read comes from: rows, and the shards that hold what is not in the rows. */
export type Source = {
  readonly shardsOf: (fresh: HourRange) => Result<readonly ShardQuery[], Problem>
  readonly ask: AskShard
  readonly readRows: (rows: {
    readonly buckets: readonly Hour[]
    readonly to: Hour
    readonly writers: readonly string[]
  }) => Promise<CommittedRead>
}

/** The answer for one subject, without its name. */
export type Reading = Omit<CounterAnswer, 'key'>

/** A checked read with the buckets of its range. */
type Grid = ReadingQuery & { readonly buckets: readonly Bucket[] }

/** Reads each subject of the source, in their order. [R1] [R2] */
export async function readAll(
  query: ReadingQuery,
  nowMs: number,
  {
    subjects,
    ...source
  }: Source & {
    /** The names of what is read: keys, or a prefix for all keys under it together. */
    readonly subjects: readonly string[]
  },
): Promise<Result<Reading[], Problem>> {
  const found = await findAll(query, nowMs, source)
  return found.ok ? ok(subjects.map((subject) => readingOf(found.value, subject))) : found
}

/** The rows and held cells of a read, by the names of keys, of a prefix, or of groups of slices. */
export type Found = {
  readonly grid: Grid
  readonly read: FreshRead | CommittedOnly
  /** From which hour on it is fresh; null for a committed read. */
  readonly freshFrom: Hour | null
}

type CommittedOnly = { readonly committed: CommittedRead; readonly unsettled: null }

/** Reads all that the source has. */
export async function findAll(
  query: ReadingQuery,
  nowMs: number,
  { shardsOf, ask, readRows }: Source,
): Promise<Result<Found, Problem>> {
  const { range, unit, zone, freshHours, isUnsettled } = query
  const grid: Grid = { ...query, buckets: unit === null ? wholeOf(range) : bucketsOf(range, unit, zone) }
  const buckets = grid.buckets.map(({ from }) => from)
  const rowsWith = (writers: readonly string[]) => readRows({ buckets, to: range.to, writers })
  if (freshHours === null) {
    return ok({ grid, read: { committed: await rowsWith([]), unsettled: null }, freshFrom: null })
  }
  const fresh = freshRange(nowMs, freshHours)
  const asked = shardsOf(fresh)
  if (!asked.ok) return asked
  const read = isUnsettled ? await readHeld(asked.value, ask) : await readFresh(asked.value, ask, rowsWith)
  if (read === undefined) return fail({ kind: 'unavailable', source: 'flushes' })
  return ok({ grid, read, freshFrom: fresh.from })
}

/** A range as one bucket, because nothing but its total is asked for. */
function wholeOf({ from }: HourRange): Bucket[] {
  return [{ from, startMs: hourStartMs(from) }]
}

/** The buckets that an answer shows: none when nothing but the total is asked for. */
export function shownBuckets<T>({ grid: { unit } }: Found, buckets: readonly T[]): T[] {
  return unit === null ? [] : [...buckets]
}

/** The cell of each bucket of what has this name: the rows, and what shards hold beside them. */
export function cellsOf(found: Found, name: string): Cell[] {
  const cells = found.grid.buckets.map(() => EMPTY_CELL)
  for (const [i, cell] of partsOf(found, name)) {
    cells[i] = mergeCells(must(cells[i], 'the bucket of an hour'), cell)
  }
  return cells
}

/** The cells of a name with the numbers of their buckets, one after the other; a bucket may come twice. */
export function* partsOf(
  { grid: { buckets }, read }: Found,
  name: string,
): Generator<readonly [number, Cell]> {
  for (const [hour, cell] of read.committed.counters.get(name)?.cells ?? []) {
    yield [bucketIndexOf(buckets, hour), cell]
  }
  for (const [hour, cell] of read.unsettled?.get(name) ?? []) yield [bucketIndexOf(buckets, hour), cell]
}

/** The cells that shards hold of it, by bucket; null when no shard was asked. */
function heldOf({ grid: { buckets }, read }: Found, name: string): Cell[] | null {
  if (read.unsettled === null) return null
  const cells = buckets.map(() => EMPTY_CELL)
  for (const [hour, cell] of read.unsettled.get(name) ?? []) {
    const i = bucketIndexOf(buckets, hour)
    cells[i] = mergeCells(must(cells[i], 'the bucket of an hour'), cell)
  }
  return cells
}

/** When the bucket with this number began, as answers show it. */
export function startOf({ grid: { buckets, zone } }: Found, i: number): string {
  return formatInZone(zone, must(buckets[i], 'the bucket of a cell').startMs)
}

export function readingOf(found: Found, subject: string): Reading {
  const { grid, read, freshFrom } = found
  const { range, unit, zone, buckets } = grid
  const all = cellsOf(found, subject)
  const held = heldOf(found, subject)
  const lastFlushMs = read.committed.counters.get(subject)?.lastFlushMs ?? null
  const shown = (cell: Cell, i: number) => ({ start: startOf(found, i), ...sumsOf(cell) })
  return {
    from: formatHourStart(range.from),
    to: formatHourStart(range.to),
    bucket: unit,
    tz: zone.name,
    aligned: isAligned(buckets, zone),
    total: sumsOf(all.reduce(mergeCells, EMPTY_CELL)),
    buckets: shownBuckets(found, all.map(shown)),
    unsettled: held?.flatMap((cell, i) => (cell.count > 0 ? [shown(cell, i)] : [])) ?? null,
    pending: held?.reduce((sum, { count }) => sum + count, 0) ?? null,
    asOf: read.unsettled === null ? null : (read.asOf.get(subject) ?? ''),
    freshFrom: freshFrom === null ? null : formatHourStart(freshFrom),
    lastFlushAt: lastFlushMs === null ? null : new Date(lastFlushMs).toISOString(),
    ...(read.committed.unreadable.length === 0 ? {} : { unreadable: [...read.committed.unreadable] }),
  }
}
