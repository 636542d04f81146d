import { describe, expect, test } from 'vitest'
import { readCounters } from '../../../src/edge/read/counters.ts'
import type { CounterQuery } from '../../../src/edge/read/query.ts'
import { FRESH_TRIES_MAX } from '../../../src/limits.ts'
import type { Cell } from '../../../src/model/cell.ts'
import { cellOf } from '../../../src/model/cell.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { addHours, hourOf, hourStartMs } from '../../../src/model/hour.ts'
import type { CommittedCounter, CommittedRead, Unsettled } from '../../../src/model/read.ts'
import type { Schedule } from '../../../src/model/schedule.ts'
import { formatShardName, slotOf } from '../../../src/model/shard-name.ts'
import { parseZone, UTC } from '../../../src/model/time/zone.ts'
import { eitherOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)
const HOUR = hourOf(NOW)
const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11'
const SHARDS = scheduleOf('1')
const NOTHING: Unsettled = { writer: WRITER, settledSeq: 0, nextSeq: 1, open: null, parked: null, frozen: [] }

const QUERY: CounterQuery = {
  keys: ['k'],
  range: { from: addHours(HOUR, -23), to: addHours(HOUR, 1) },
  previous: null,
  unit: 'hour',
  zone: UTC,
  freshHours: 1,
  isUnsettled: false,
}

type World = {
  readonly nowMs?: number
  readonly shards?: Schedule
  readonly unsettled?: (shard: string, asked: number, key: string) => Unsettled
  /** Of each of the keys. */
  readonly committed?: (asked: number) => Partial<CommittedCounter & Pick<CommittedRead, 'ledger'>>
}

/** Reads in a world where each shard and Postgres answer by how often they have been asked. */
async function readAll(world: World, query: Partial<CounterQuery> = {}) {
  const askedShards: string[] = []
  let askedPostgres = 0
  const asked = { ...QUERY, ...query }
  const answers = await readCounters(asked, {
    nowMs: world.nowMs ?? NOW,
    config: { shards: world.shards ?? SHARDS },
    shards: {
      unsettled: async (shard, keys) => {
        askedShards.push(shard)
        const times = askedShards.filter((other) => other === shard).length
        return keys.map((key) => world.unsettled?.(shard, times, key) ?? NOTHING)
      },
    },
    database: {
      readCommitted: async () => {
        askedPostgres += 1
        const {
          ledger = new Map(),
          cells = new Map(),
          lastFlushMs = null,
        } = world.committed?.(askedPostgres) ?? {}
        const counters = new Map(asked.keys.map((key) => [key, { cells, lastFlushMs }] as const))
        return { counters, ledger, unreadable: [], coarse: [] }
      },
    },
  })
  return { answers: eitherOf(answers), askedShards, askedPostgres }
}

async function read(world: World, query: Partial<CounterQuery> = {}) {
  const { answers, ...asked } = await readAll(world, query)
  return { answer: 'kind' in answers ? answers : answers[0], ...asked }
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
    const range = { ...QUERY.range, to: addHours(HOUR, 2) }
    const { askedShards } = await read({ nowMs }, { range })
    expect(askedShards).toEqual(['2026-11-21T19Z/0', '2026-11-21T20Z/0', '2026-11-21T21Z/0'])
  })

  test('asks no shard for hours that were not asked for', async () => {
    const { askedShards } = await read({}, { range: { ...QUERY.range, to: addHours(HOUR, -3) } })
    expect(askedShards).toEqual([])
  })

  test('[R1] asks only the shard where a flush landed in between again, and counts that once', async () => {
    // Batch 1 is settled by the time that Postgres answers; the first answer knew of no batch.
    const early = { ...NOTHING, open: cellOf(5) }
    const late = { ...NOTHING, settledSeq: 1, nextSeq: 2, open: cellOf(20) }
    const { answer, askedShards, askedPostgres } = await read({
      unsettled: (shard, asked) =>
        shard.startsWith('2026-11-21T20Z') ? (asked === 1 ? early : late) : NOTHING,
      committed: () => ({ cells: rows([HOUR, cellOf(5)]), ledger: ledgerAt(1) }),
    })
    expect(askedShards).toEqual(['2026-11-21T19Z/0', '2026-11-21T20Z/0', '2026-11-21T20Z/0'])
    expect(askedPostgres).toBe(1)
    expect(answer).toMatchObject({ total: { sum: 25n, count: 2 }, pending: 1 })
  })

  test('[R1] reads the rows again when the shard has settled what they lack by the time that it answers again', async () => {
    const answers = [
      { ...NOTHING, open: cellOf(5) },
      { ...NOTHING, settledSeq: 2, nextSeq: 3 },
    ]
    const { answer, askedPostgres } = await read({
      unsettled: (shard, asked) =>
        (shard.startsWith('2026-11-21T20Z') ? answers[asked - 1] : undefined) ?? NOTHING,
      committed: (asked) => ({ cells: rows([HOUR, cellOf(asked === 1 ? 5 : 12)]), ledger: ledgerAt(asked) }),
    })
    expect(askedPostgres).toBe(2)
    expect(answer).toMatchObject({ total: { sum: 12n, count: 1 }, pending: 0 })
  })

  test('[R1] reads the rows again with the ledger of a writer that the shard has moved to', async () => {
    const writer = '0a8f5f66-6f0b-4f6c-8a7e-3f7b0f0f2c22'
    const answers = [
      { ...NOTHING, open: cellOf(5) },
      { ...NOTHING, writer, nextSeq: 2, frozen: [{ seq: 1, cell: cellOf(5) }] },
    ]
    // The rows have batch 1 of the new writer already, which only the ledger's row of that writer tells.
    const { answer, askedPostgres } = await read({
      unsettled: (shard, asked) =>
        (shard.startsWith('2026-11-21T20Z') ? answers[asked - 1] : undefined) ?? NOTHING,
      committed: (asked) => ({
        cells: rows([HOUR, cellOf(5)]),
        ledger: new Map([
          [WRITER, { seq: 0, sealed: true }],
          ...(asked === 1 ? [] : ([[writer, { seq: 1, sealed: false }]] as const)),
        ]),
      }),
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

describe('what is unsettled', () => {
  const held = {
    ...NOTHING,
    settledSeq: 3,
    nextSeq: 5,
    open: cellOf(10),
    frozen: [{ seq: 4, cell: cellOf(100) }],
  }
  const inThisHour = (unsettled: Unsettled) => (shard: string) =>
    shard.startsWith('2026-11-21T20Z') ? unsettled : { ...NOTHING, writer: 'of another shard' }
  const committed = (seq: number) => () => ({ cells: rows([HOUR, cellOf(1)]), ledger: ledgerAt(seq) })

  test('stands in a fresh answer by its buckets, apart from all', async () => {
    const { answer } = await read({ unsettled: inThisHour(held), committed: committed(3) })
    const unsettled = [{ start: '2026-11-21T20:00:00Z', sum: 110n, count: 2, min: 10, max: 100 }]
    expect(answer).toMatchObject({ total: { sum: 111n }, unsettled, pending: 2 })
  })

  test('is read alone without a word to Postgres', async () => {
    const { answer, askedPostgres } = await read({ unsettled: inThisHour(held) }, { isUnsettled: true })
    expect(askedPostgres).toBe(0)
    expect(answer).toMatchObject({ total: { sum: 110n, count: 2 }, pending: 2, lastFlushAt: null })
  })

  test.each([
    [3, true],
    [4, false],
  ])('fits the rows of a read exactly when both are of one batch: rows of %d', async (seq, fits) => {
    const fresh = await read({ unsettled: inThisHour(held), committed: committed(seq) })
    const alone = await read({ unsettled: inThisHour(held) }, { isUnsettled: true })
    const asOf = ({ answer }: typeof fresh) =>
      answer === undefined || 'kind' in answer ? undefined : answer.asOf
    expect(asOf(alone)).toMatch(/^[0-9a-f]{16}$/)
    expect(asOf(fresh) === asOf(alone)).toBe(fits)
  })

  test('is not known in a committed read, and a shard that has settled nothing has no name to go by', async () => {
    expect((await read({}, { freshHours: null })).answer).toMatchObject({ unsettled: null, asOf: null })
    expect((await read({})).answer).toMatchObject({ unsettled: [], asOf: '' })
  })
})

describe('a fresh read of several keys', () => {
  const four = scheduleOf('4')
  const keys = Array.from({ length: 8 }, (_, i) => `site/${i}`)

  test('[R1] [K2] asks each shard once, for its own keys, and gives each key its own', async () => {
    const { answers, askedShards, askedPostgres } = await readAll(
      {
        shards: four,
        unsettled: (_, __, key) => ({ ...NOTHING, open: cellOf(1 + keys.indexOf(key)) }),
      },
      { keys },
    )
    const shards = keys.flatMap((key) =>
      [-1, 0].map((back) => {
        const hour = addHours(HOUR, back)
        return formatShardName({ hour, slot: slotOf(key, hour, four) })
      }),
    )
    expect(askedShards.toSorted()).toEqual([...new Set(shards)].toSorted())
    expect(askedPostgres).toBe(1)
    expect(answers).toMatchObject(
      keys.map((key, i) => ({ key, total: { sum: BigInt(2 * (i + 1)), count: 2 } })),
    )
  })

  test('[R1] reads the rows again when a flush has landed behind the back of one', async () => {
    const { answers, askedPostgres } = await readAll(
      {
        unsettled: (_, asked, key) =>
          key === 'site/1' && asked === 1 ? { ...NOTHING, nextSeq: 1, open: cellOf(1) } : NOTHING,
        committed: () => ({ ledger: ledgerAt(1), cells: rows([HOUR, cellOf(1)]) }),
      },
      { keys: ['site/0', 'site/1'] },
    )
    expect(askedPostgres).toBe(2)
    expect(answers).toMatchObject([{ total: { count: 1 } }, { total: { count: 1 } }])
  })
})

describe('freshHours', () => {
  test('[R1] asks the shards of so many hours before this one, and says from when on', async () => {
    const { answer, askedShards } = await read(
      { unsettled: () => ({ ...NOTHING, open: cellOf(1) }) },
      { freshHours: 5 },
    )
    expect(askedShards).toHaveLength(6)
    expect(answer).toMatchObject({ freshFrom: '2026-11-21T15:00:00Z', pending: 6, total: { count: 6 } })
  })

  test('that would ask too many shards is refused by its name', async () => {
    const many = scheduleOf('256')
    const keys = Array.from({ length: 20 }, (_, i) => `site/${i}`)
    const range = { from: addHours(HOUR, -72), to: addHours(HOUR, 1) }
    const { answer, askedShards } = await read({ shards: many }, { keys, range, freshHours: 72 })
    expect(answer).toMatchObject({ kind: 'invalid_parameter', parameter: 'freshHours' })
    expect(askedShards).toEqual([])
  })
})

describe('a read by days', () => {
  test('[R1] adds what is unsettled to the local day in which its hour begins', async () => {
    const zone = parseZone('Asia/Kolkata') ?? expect.fail('a zone')
    // Midnight there is at 18:30Z: the hour 18Z begins before it, and 19Z after.
    const range = { from: addHours(HOUR, -3), to: addHours(HOUR, 1) }
    const { answer } = await read(
      {
        unsettled: (shard) => ({
          ...NOTHING,
          open: shard.includes('T19Z') || shard.includes('T20Z') ? cellOf(5) : cellOf(1),
        }),
      },
      { range, unit: 'day', zone, freshHours: 3 },
    )
    expect(answer).toMatchObject({
      bucket: 'day',
      tz: 'Asia/Kolkata',
      aligned: false,
      buckets: [
        { start: '2026-11-21T00:00:00+05:30', sum: 2n, count: 2 },
        { start: '2026-11-22T00:00:00+05:30', sum: 10n, count: 2 },
      ],
      total: { sum: 12n, count: 4, min: 1, max: 5 },
    })
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
    const { answer, askedShards } = await read({}, { freshHours: null })
    expect(askedShards).toEqual([])
    expect(answer).toMatchObject({ freshFrom: null, pending: null, lastFlushAt: null })
  })

  test('has a bucket for each hour of its range, gaps filled', async () => {
    const { answer } = await read(
      { committed: () => ({ cells: rows([HOUR, cellOf(2)]) }) },
      { range: { ...QUERY.range, from: addHours(HOUR, -1) } },
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
