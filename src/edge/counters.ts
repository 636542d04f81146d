import { AHEAD_MS_MAX, FRESH_TRIES_MAX } from '../limits.ts'
import type { Cell } from '../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../model/cell.ts'
import type { Unsettled } from '../model/flight.ts'
import type { Hour } from '../model/hour.ts'
import { addHours, formatHourStart, hourOf } from '../model/hour.ts'
import type { Problem } from '../model/problem.ts'
import type { CommittedRead, ReadCommitted } from '../model/read.ts'
import { unsettledPart } from '../model/read.ts'
import type { Schedule } from '../model/schedule.ts'
import { formatShardName, slotOf } from '../model/shard-name.ts'
import type { CounterQuery } from './query.ts'

export type ReadServices = {
  readonly readCommitted: ReadCommitted
  /** Asks a shard what Postgres may not have of a key. */
  readonly askUnsettled: (shard: string, key: string) => Promise<Unsettled>
  readonly shards: Schedule
  readonly nowMs: number
}

type BucketCell = {
  readonly sum: bigint
  readonly count: number
  readonly min: number | null
  readonly max: number | null
}

export type CounterAnswer = {
  readonly key: string
  readonly from: string
  readonly to: string
  readonly total: BucketCell
  readonly buckets: readonly ({ readonly start: string } & BucketCell)[]
  /** Increments in this answer that Postgres may not have yet; null in a committed read, which cannot know. */
  readonly pending: number | null
  /** The start of the first hour from which on the answer has everything acknowledged before it was asked. [R1] */
  readonly freshFrom: string | null
  /** When Postgres last received something that is in this answer; null when it has none of it. */
  readonly lastFlushAt: string | null
}

/** Reads one key by hours, gaps filled. [R2] */
export async function readCounter(
  query: CounterQuery,
  services: ReadServices,
): Promise<CounterAnswer | Problem> {
  if (!query.isFresh) {
    return answer(query, await services.readCommitted({ ...query, writers: [] }), new Map(), null)
  }
  const hours = freshHours(services.nowMs)
  const asked = hours.filter((hour) => hour >= query.from && hour < query.to)
  for (let attempt = 1; attempt <= FRESH_TRIES_MAX; attempt++) {
    const unsettled = await Promise.all(asked.map((hour) => askShard(hour, query.key, services)))
    // After the shards, never before: what they have settled by then is in the rows.
    const committed = await services.readCommitted({
      ...query,
      writers: unsettled.map(({ writer }) => writer),
    })
    const parts = unsettled.map((part) => unsettledPart(part, committed.ledger))
    if (parts.every((part) => part !== undefined)) {
      return answer(
        query,
        committed,
        new Map(asked.map((hour, i) => [hour, parts[i] ?? EMPTY_CELL])),
        hours[0] ?? null,
      )
    }
  }
  return { kind: 'unavailable', detail: `Flushes landed during each of ${FRESH_TRIES_MAX} reads: ask again.` }
}

/** This hour and the one before, and close to the turn the next, for clients' clocks may be ahead. */
function freshHours(nowMs: number): Hour[] {
  const last = hourOf(nowMs + AHEAD_MS_MAX)
  const hours: Hour[] = []
  for (let hour = addHours(hourOf(nowMs), -1); hour <= last; hour = addHours(hour, 1)) hours.push(hour)
  return hours
}

function askShard(hour: Hour, key: string, services: ReadServices): Promise<Unsettled> {
  return services.askUnsettled(formatShardName({ hour, slot: slotOf(key, hour, services.shards) }), key)
}

function answer(
  query: CounterQuery,
  committed: CommittedRead,
  unsettled: ReadonlyMap<Hour, Cell>,
  freshFrom: Hour | null,
): CounterAnswer {
  const buckets: ({ start: string } & BucketCell)[] = []
  let total = EMPTY_CELL
  for (let hour = query.from; hour < query.to; hour = addHours(hour, 1)) {
    const cell = mergeCells(committed.cells.get(hour) ?? EMPTY_CELL, unsettled.get(hour) ?? EMPTY_CELL)
    total = mergeCells(total, cell)
    buckets.push({ start: formatHourStart(hour), ...bucketCell(cell) })
  }
  return {
    key: query.key,
    from: formatHourStart(query.from),
    to: formatHourStart(query.to),
    total: bucketCell(total),
    buckets,
    pending: freshFrom === null ? null : [...unsettled.values()].reduce((sum, cell) => sum + cell.count, 0),
    freshFrom: freshFrom === null ? null : formatHourStart(freshFrom),
    lastFlushAt: committed.lastFlushMs === null ? null : new Date(committed.lastFlushMs).toISOString(),
  }
}

/** The extremes of nothing are null, not infinite. */
function bucketCell(cell: Cell): BucketCell {
  const isEmpty = cell.count === 0
  return { sum: cell.sum, count: cell.count, min: isEmpty ? null : cell.min, max: isEmpty ? null : cell.max }
}
