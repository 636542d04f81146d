import { describe, expect, test } from 'vitest'
import { readCounter } from '../../src/edge/counters.ts'
import { FRESH_TRIES_MAX } from '../../src/limits.ts'
import type { Cell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import type { Unsettled } from '../../src/model/flight.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, hourOf, hourStartMs } from '../../src/model/hour.ts'
import type { CommittedRead } from '../../src/model/read.ts'
import type { Schedule } from '../../src/model/schedule.ts'
import { parseSchedule } from '../../src/model/schedule.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)
const HOUR = hourOf(NOW)
const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11'
const SHARDS = parseSchedule('1', { min: 1, max: 1 }) as Schedule
const NOTHING: Unsettled = { writer: WRITER, settledSeq: 0, nextSeq: 1, open: null, parked: null, frozen: [] }

const QUERY = { key: 'k', from: addHours(HOUR, -23), to: addHours(HOUR, 1), isFresh: true }

type World = {
  readonly nowMs?: number
  readonly unsettled?: (shard: string, asked: number) => Unsettled
  readonly committed?: (asked: number) => Partial<CommittedRead>
}

/** Reads in a world where each shard and Postgres answer by how often they have been asked. */
async function read(world: World, query: Partial<typeof QUERY> = {}) {
  const askedShards: string[] = []
  let askedPostgres = 0
  const answer = await readCounter(
    { ...QUERY, ...query },
    {
      nowMs: world.nowMs ?? NOW,
      shards: SHARDS,
      askUnsettled: async (shard) => {
        askedShards.push(shard)
        return world.unsettled?.(shard, askedShards.filter((other) => other === shard).length) ?? NOTHING
      },
      readCommitted: async () => {
        askedPostgres += 1
        return { cells: new Map(), ledger: new Map(), lastFlushMs: null, ...world.committed?.(askedPostgres) }
      },
    },
  )
  return { answer, askedShards, askedPostgres }
}

const rows = (...cells: [Hour, Cell][]) => new Map(cells)
const ledgerAt = (seq: number) => new Map([[WRITER, { seq, sealed: false }]])

describe('a fresh read', () => {
  test('[R1] adds what the shards of this hour and the one before have not settled', async () => {
    const { answer, askedShards } = await read({
      unsettled: (shard) => ({ ...NOTHING, open: cellOf(shard === '2026-11-21T20Z/0' ? 10 : 100) }),
      committed: () => ({ cells: rows([HOUR, cellOf(1)], [addHours(HOUR, -5), cellOf(1000)]) }),
    })
    expect(askedShards).toEqual(['2026-11-21T19Z/0', '2026-11-21T20Z/0'])
    expect(answer).toMatchObject({ total: { sum: 1111n, count: 4, min: 1, max: 1000 }, pending: 2 })
  })

  test('[R1] close to the turn it asks the next hour too, for clients may be ahead', async () => {
    const nowMs = hourStartMs(addHours(HOUR, 1)) - 4 * 60_000
    const { askedShards } = await read({ nowMs }, { to: addHours(HOUR, 2) })
    expect(askedShards).toEqual(['2026-11-21T19Z/0', '2026-11-21T20Z/0', '2026-11-21T21Z/0'])
  })

  test('asks no shard for hours that were not asked for', async () => {
    const { askedShards } = await read({}, { to: addHours(HOUR, -3) })
    expect(askedShards).toEqual([])
  })

  test('[R1] asks again when a flush landed in between, and counts it once', async () => {
    // Batch 1 is settled and batch 2 frozen by the time that Postgres answers; the first answer knew of neither.
    const early = { ...NOTHING, writer: WRITER, open: cellOf(5) }
    const late = { writer: WRITER, settledSeq: 1, nextSeq: 2, open: null, parked: null, frozen: [] }
    const { answer, askedPostgres } = await read({
      unsettled: (shard, asked) =>
        shard.startsWith('2026-11-21T20Z') ? (asked === 1 ? early : late) : NOTHING,
      committed: () => ({ cells: rows([HOUR, cellOf(5)]), ledger: ledgerAt(1) }),
    })
    expect(askedPostgres).toBe(2)
    expect(answer).toMatchObject({ total: { sum: 5n, count: 1 }, pending: 0 })
  })

  test('gives up after a few tries, and says so, rather than answer wrongly', async () => {
    const { answer, askedPostgres } = await read({
      unsettled: () => ({ ...NOTHING, writer: WRITER, open: cellOf(5) }),
      committed: () => ({ ledger: ledgerAt(7) }),
    })
    expect(askedPostgres).toBe(FRESH_TRIES_MAX)
    expect(answer).toMatchObject({ kind: 'unavailable' })
  })
})

describe('every answer', () => {
  test('[R2] says from when on it is fresh, what is pending, and when Postgres last received something', async () => {
    const lastFlushMs = NOW - 2_000
    const { answer } = await read({ committed: () => ({ lastFlushMs }) })
    expect(answer).toMatchObject({
      freshFrom: '2026-11-21T19:00:00Z',
      pending: 0,
      lastFlushAt: '2026-11-21T20:14:58.000Z',
    })
  })

  test('[R2] of Postgres alone says that it cannot know what is pending', async () => {
    const { answer, askedShards } = await read({}, { isFresh: false })
    expect(askedShards).toEqual([])
    expect(answer).toMatchObject({ freshFrom: null, pending: null, lastFlushAt: null })
  })

  test('has a bucket for each hour of its range, gaps filled', async () => {
    const { answer } = await read(
      { committed: () => ({ cells: rows([HOUR, cellOf(2)]) }) },
      { from: addHours(HOUR, -1) },
    )
    expect(answer).toMatchObject({
      from: '2026-11-21T19:00:00Z',
      to: '2026-11-21T21:00:00Z',
      buckets: [
        { start: '2026-11-21T19:00:00Z', sum: 0n, count: 0, min: null, max: null },
        { start: '2026-11-21T20:00:00Z', sum: 2n, count: 1, min: 2, max: 2 },
      ],
    })
  })
})
