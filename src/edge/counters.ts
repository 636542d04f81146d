import { FRESH_TRIES_MAX } from '../limits.ts'
import type { Bucket } from '../model/calendar.ts'
import { bucketIndexOf, bucketsOf, isAligned } from '../model/calendar.ts'
import type { Cell } from '../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../model/cell.ts'
import type { Hour } from '../model/hour.ts'
import { formatHourStart } from '../model/hour.ts'
import type { Problem } from '../model/problem.ts'
import type { CommittedRead, ReadCommitted } from '../model/read.ts'
import type { Schedule } from '../model/schedule.ts'
import { formatInZone } from '../model/zone.ts'
import { type CounterAnswer, sumsOf } from './counter-answer.ts'
import type { AskUnsettled, FreshRead } from './fresh.ts'
import { freshRange, readFresh, shardsToAsk } from './fresh.ts'
import type { CounterQuery } from './query.ts'

export type ReadServices = {
  readonly readCommitted: ReadCommitted
  readonly askUnsettled: AskUnsettled
  readonly shards: Schedule
  readonly nowMs: number
}

/** A query, with the buckets that its hours fall in. */
type Grid = CounterQuery & { readonly buckets: readonly Bucket[] }

/** Reads keys by hours, days, weeks or months, gaps filled: an answer for each key, in their order. [R2] */
export async function readCounters(
  query: CounterQuery,
  services: ReadServices,
): Promise<CounterAnswer[] | Problem> {
  const { keys, range, unit, zone, freshHours } = query
  const grid: Grid = { ...query, buckets: bucketsOf(range, unit, zone) }
  const froms = grid.buckets.map(({ from }) => from)
  const readRows = (writers: readonly string[]) =>
    services.readCommitted({ keys, buckets: froms, to: range.to, writers })
  if (freshHours === null) {
    const read = { committed: await readRows([]), unsettled: null }
    return keys.map((key) => answerOf(key, grid, read, null))
  }
  const fresh = freshRange(services.nowMs, freshHours)
  const asked = shardsToAsk(keys, range, fresh, services.shards)
  if ('kind' in asked) return asked
  const read = await readFresh(asked, services.askUnsettled, readRows)
  return read === undefined ? BUSY : keys.map((key) => answerOf(key, grid, read, fresh.from))
}

const BUSY: Problem = {
  kind: 'unavailable',
  detail: `Flushes landed during each of ${FRESH_TRIES_MAX} reads: ask again.`,
}

type Read = FreshRead | { readonly committed: CommittedRead; readonly unsettled: null }

function answerOf(key: string, grid: Grid, read: Read, freshFrom: Hour | null): CounterAnswer {
  const { range, unit, zone, buckets } = grid
  const committed = read.committed.counters.get(key)
  const unsettled = read.unsettled === null ? null : (read.unsettled.get(key) ?? new Map<Hour, Cell>())
  const cells = cellsOf(buckets, committed?.cells ?? new Map(), unsettled ?? new Map())
  const lastFlushMs = committed?.lastFlushMs ?? null
  return {
    key,
    from: formatHourStart(range.from),
    to: formatHourStart(range.to),
    bucket: unit,
    tz: zone.name,
    aligned: isAligned(buckets, zone),
    total: sumsOf(cells.reduce(mergeCells, EMPTY_CELL)),
    buckets: buckets.map(({ startMs }, i) => ({
      start: formatInZone(zone, startMs),
      ...sumsOf(cells[i] ?? EMPTY_CELL),
    })),
    pending: unsettled === null ? null : unsettled.values().reduce((sum, { count }) => sum + count, 0),
    freshFrom: freshFrom === null ? null : formatHourStart(freshFrom),
    lastFlushAt: lastFlushMs === null ? null : new Date(lastFlushMs).toISOString(),
  }
}

/** Of each bucket, what Postgres has and what it has not. */
function cellsOf(
  buckets: readonly Bucket[],
  committed: ReadonlyMap<Hour, Cell>,
  unsettled: ReadonlyMap<Hour, Cell>,
): Cell[] {
  const cells = buckets.map(({ from }) => committed.get(from) ?? EMPTY_CELL)
  for (const [hour, cell] of unsettled) {
    const i = bucketIndexOf(buckets, hour)
    cells[i] = mergeCells(cells[i] ?? EMPTY_CELL, cell)
  }
  return cells
}
