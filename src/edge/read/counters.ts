import type { Config } from '../../config.ts'
import { must } from '../../model/assert.ts'
import type { Cell } from '../../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../../model/cell.ts'
import type { Hour, HourRange } from '../../model/hour.ts'
import { formatHourStart } from '../../model/hour.ts'
import type { CommittedRead } from '../../model/read.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Bucket } from '../../model/time/calendar.ts'
import { bucketIndexOf, bucketsOf, isAligned } from '../../model/time/calendar.ts'
import { formatInZone } from '../../model/time/zone.ts'
import type { Problem } from '../http/problem.ts'
import type { Database, Shards } from '../ports.ts'
import { type CounterAnswer, sumsOf, unreadableOf } from './answers.ts'
import type { FreshRead, ShardQuery } from './fresh.ts'
import { freshRange, readFresh, readHeld, shardsToAsk } from './fresh.ts'
import type { CounterQuery, ReadingQuery } from './query.ts'

export type ReadServices = {
  readonly database: Pick<Database, 'readCommitted'>
  readonly shards: Pick<Shards, 'unsettled'>
  readonly config: Pick<Config, 'shards'>
  readonly nowMs: number
}

/** Where a read comes from: rows, and the shards that hold what is not in the rows. */
export type Source = {
  /** The names of what is read: keys, or a prefix for all keys under it together. */
  readonly subjects: readonly string[]
  readonly shardsOf: (fresh: HourRange) => Result<readonly ShardQuery[], Problem>
  readonly ask: Shards['unsettled']
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

/**
 * Reads keys by hours, days, weeks or months. Answers for each key in order, with empty buckets filled in. [R2]
 *
 * Among several keys, one that has unreadable rows holds none of the others, and its answer names them. For a key that was
 * asked for alone they are a problem, because a sum that lacks a row must not look like one that is whole.
 */
export async function readCounters(
  query: CounterQuery,
  { database, shards, config, nowMs }: ReadServices,
): Promise<Result<CounterAnswer[], Problem>> {
  const { keys, range } = query
  const readings = await readAll(query, nowMs, {
    subjects: keys,
    shardsOf: (fresh) => shardsToAsk(keys, range, fresh, config.shards),
    ask: shards.unsettled,
    readRows: (rows) => database.readCommitted({ keys, ...rows }),
  })
  if (!readings.ok) return readings
  const answers = keys.map((key, i): CounterAnswer => {
    const { unreadable = [], ...reading } = must(readings.value[i], 'the reading of a key')
    return { key, ...reading, ...unreadableOf(unreadable.filter((row) => row.key === key)) }
  })
  const [first] = answers
  const bad = answers.length === 1 ? first?.unreadable : undefined
  return bad === undefined ? ok(answers) : fail({ kind: 'unreadable_rows', rows: bad })
}

/** Reads each subject of the source, in their order. [R1] [R2] */
export async function readAll(
  query: ReadingQuery,
  nowMs: number,
  { subjects, shardsOf, ask, readRows }: Source,
): Promise<Result<Reading[], Problem>> {
  const { range, unit, zone, freshHours, isUnsettled } = query
  const grid: Grid = { ...query, buckets: bucketsOf(range, unit, zone) }
  const buckets = grid.buckets.map(({ from }) => from)
  const rowsWith = (writers: readonly string[]) => readRows({ buckets, to: range.to, writers })
  if (freshHours === null) {
    const read: CommittedOnly = { committed: await rowsWith([]), unsettled: null }
    return ok(subjects.map((subject) => readingOf(subject, grid, read, null)))
  }
  const fresh = freshRange(nowMs, freshHours)
  const asked = shardsOf(fresh)
  if (!asked.ok) return asked
  const read = isUnsettled ? await readHeld(asked.value, ask) : await readFresh(asked.value, ask, rowsWith)
  if (read === undefined) return fail({ kind: 'unavailable', source: 'flushes' })
  return ok(subjects.map((subject) => readingOf(subject, grid, read, fresh.from)))
}

type CommittedOnly = { readonly committed: CommittedRead; readonly unsettled: null }

function readingOf(
  subject: string,
  grid: Grid,
  read: FreshRead | CommittedOnly,
  freshFrom: Hour | null,
): Reading {
  const { range, unit, zone, buckets } = grid
  const committed = read.committed.counters.get(subject)
  const unsettled = read.unsettled === null ? null : (read.unsettled.get(subject) ?? new Map<Hour, Cell>())
  const cells = buckets.map(({ from }) => committed?.cells.get(from) ?? EMPTY_CELL)
  const held = unsettled === null ? null : cellsOf(buckets, unsettled)
  const all =
    held === null ? cells : cells.map((cell, i) => mergeCells(cell, must(held[i], 'the cell of a bucket')))
  const lastFlushMs = committed?.lastFlushMs ?? null
  const shown = (cell: Cell, i: number) => ({
    start: formatInZone(zone, must(buckets[i], 'the bucket of a cell').startMs),
    ...sumsOf(cell),
  })
  return {
    from: formatHourStart(range.from),
    to: formatHourStart(range.to),
    bucket: unit,
    tz: zone.name,
    aligned: isAligned(buckets, zone),
    total: sumsOf(all.reduce(mergeCells, EMPTY_CELL)),
    buckets: all.map(shown),
    unsettled: held?.map(shown).filter(({ count }) => count > 0) ?? null,
    pending: held?.reduce((sum, { count }) => sum + count, 0) ?? null,
    asOf: read.unsettled === null ? null : (read.asOf.get(subject) ?? ''),
    freshFrom: freshFrom === null ? null : formatHourStart(freshFrom),
    lastFlushAt: lastFlushMs === null ? null : new Date(lastFlushMs).toISOString(),
    ...(read.committed.unreadable.length === 0 ? {} : { unreadable: [...read.committed.unreadable] }),
  }
}

/** The cells that shards hold, by bucket. */
function cellsOf(buckets: readonly Bucket[], unsettled: ReadonlyMap<Hour, Cell>): Cell[] {
  const cells = buckets.map(() => EMPTY_CELL)
  for (const [hour, cell] of unsettled) {
    const i = bucketIndexOf(buckets, hour)
    cells[i] = mergeCells(must(cells[i], 'the bucket of an hour'), cell)
  }
  return cells
}
