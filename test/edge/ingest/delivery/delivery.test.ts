import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ContentName } from '../../../../src/edge/ingest/delivery/content-name.ts'
import { ContentHash } from '../../../../src/edge/ingest/delivery/content-name.ts'
import { deliver } from '../../../../src/edge/ingest/delivery/delivery.ts'
import type { AskedIncrement } from '../../../../src/edge/ingest/delivery/gathering.ts'
import { Gathering } from '../../../../src/edge/ingest/delivery/gathering.ts'
import {
  AHEAD_MS_MAX,
  DELIVERY_CELLS_MAX,
  DELIVERY_PART_BYTES,
  DELIVERY_RECORDS_MAX,
  REQUEST_ITEMS_MAX,
  REQUEST_SHARDS_MAX,
} from '../../../../src/limits.ts'
import type { LogLine } from '../../../../src/log.ts'
import type { CountLimits, Grant } from '../../../../src/model/access/grant.ts'
import { HOUR_MS } from '../../../../src/model/hour.ts'
import { labelsText, OVERFLOW } from '../../../../src/model/slices/slice.ts'
import { CountingShards } from '../../../support/counting-shards.ts'
import { nodeClock } from '../../../support/node-clock.ts'
import { badOf, eitherOf, goodOf } from '../../../support/result.ts'
import { scheduleOf } from '../../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 30, 20, 15)
const LATE = scheduleOf('72')

let shards: CountingShards
let logged: LogLine[]
let outcomes: (readonly [format: string, outcome: string, increments: number])[]

beforeEach(() => {
  shards = new CountingShards(nodeClock)
  logged = []
  outcomes = []
})

type Sent = {
  readonly records: readonly AskedIncrement[]
  /** Null leaves the delivery without a name. */
  readonly content?: ContentName | null
  readonly count?: string
  readonly prefix?: string | null
  readonly limits?: CountLimits
  readonly nowMs?: number
}

function send({ records, content = nameOf(), count = '1', prefix = null, limits, nowMs = NOW }: Sent) {
  const grant: Grant = { name: 't', scopes: ['write'], prefix, limits }
  const gathering = new Gathering({ nowMs, lateHours: LATE, mayAdjust: false }, grant)
  for (const record of records) {
    gathering.next()
    if (gathering.count(record)) gathering.vary('path', record.key)
  }
  return deliver('records', gathering, content, {
    config: { shards: scheduleOf(count) },
    coalescer: shards.coalescer,
    clock: nodeClock,
    log: (line) => logged.push(line),
    countOutcome: (...counted) => outcomes.push(counted),
    keepAlive: () => undefined,
  })
}

function nameOf({ token = 't', route = '/records', meters = 'm', body = 'x' } = {}): ContentName {
  const hash = new ContentHash(token, route, meters)
  hash.update(new TextEncoder().encode(body))
  return hash.end()
}

const one = (key: string, more: Partial<AskedIncrement> = {}): AskedIncrement => ({
  key,
  value: 1,
  atMs: NOW,
  ...more,
})

const manyRecords = (length: number, of: (i: number) => AskedIncrement) =>
  Array.from({ length }, (_, i) => of(i))

describe('a delivery that comes again', () => {
  const records = [one('a'), one('b', { value: 5 }), one('a', { atMs: NOW - 3 * HOUR_MS })]

  test('[N1] byte for byte counts once, over all of its hours and shards, and is told so', async () => {
    expect(goodOf(await send({ records, count: '4' }))).toMatchObject({ accepted: 3, duplicates: 0 })
    const again = goodOf(await send({ records, count: '4' }))
    expect(again).toMatchObject({ accepted: 0, duplicates: 3, failure: null, names: 'content' })
    expect(shards.sums).toEqual({ a: 2, b: 5 })
  })

  test.each([
    ['of another token', { token: 'u' }],
    ['on another route', { route: '/v1/metrics' }],
    ['by other meters', { meters: 'n' }],
    ['with another body', { body: 'y' }],
    ['whose token and route together read alike', { token: 't/rec', route: 'ords' }],
  ])('[N1] %s counts again', async (_, other) => {
    await send({ records })
    expect(goodOf(await send({ records, content: nameOf(other) }))).toMatchObject({ accepted: 3 })
    expect(shards.sums).toEqual({ a: 4, b: 10 })
  })

  test('[N1] after a 503 counts only where it had not', async () => {
    const [full] = await namesOf(records)
    shards.before = (shard) => (shard === full ? { kind: 'refused', reason: 'full' } : undefined)
    const first = goodOf(await send({ records }))
    expect(first.failure).toMatchObject({ refused: expect.any(Number), unknown: 0, canRepeat: true })
    expect(first.accepted).toBeGreaterThan(0)
    shards.before = () => undefined
    const second = goodOf(await send({ records }))
    expect(second).toMatchObject({ duplicates: first.accepted, failure: null })
    expect(shards.sums).toEqual({ a: 2, b: 5 })
  })

  async function namesOf(of: readonly AskedIncrement[]): Promise<string[]> {
    const probe = new CountingShards(nodeClock)
    const before = shards
    shards = probe
    await send({ records: of })
    shards = before
    return probe.names
  }

  test('[N1] with records that are judged otherwise by then counts no other record twice', async () => {
    const record = fc.record({
      key: fc.stringMatching(/^[a-z]{1,2}$/),
      value: fc.integer({ min: 1, max: 9 }),
    })
    const body = fc.nat({ max: 20 }).map((parts) => 'x'.repeat(parts * DELIVERY_PART_BYTES))
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 40 }),
        body,
        fc.infiniteStream(fc.boolean()),
        fc.constantFrom('1', '3', '16'),
        async (asked, text, dropped, count) => {
          shards = new CountingShards(nodeClock)
          const content = nameOf({ body: text })
          const all = asked.map(({ key, value }) => one(key, { value }))
          const parts = new Set<string>()
          await send({ records: all, content, count })
          const { sums, ids } = shards
          const fewer = all.filter(() => dropped.next().value !== true)
          await send({ records: fewer, content, count })
          for (const { key } of all) parts.add(key)
          expect(shards.sums).toEqual(sums)
          expect(shards.ids).toBe(ids)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('[N1] has parts by the length of its body alone: a power of two, one for each MiB', () => {
    const partsFor = (bytes: number) => nameOf({ body: 'x'.repeat(bytes) }).parts
    expect([0, 1, DELIVERY_PART_BYTES].map(partsFor)).toEqual([1, 1, 1])
    expect(
      [DELIVERY_PART_BYTES + 1, 3 * DELIVERY_PART_BYTES, 20 * DELIVERY_PART_BYTES].map(partsFor),
    ).toEqual([2, 4, 32])
  })

  test('[N1] without a time of its own counts again only over the turn of an hour', async () => {
    const arriving = [one('a', { atMs: undefined }), one('b', { atMs: undefined })]
    await send({ records: arriving })
    expect(goodOf(await send({ records: arriving }))).toMatchObject({ accepted: 0, duplicates: 2 })
    expect(goodOf(await send({ records: arriving, nowMs: NOW + HOUR_MS }))).toMatchObject({ accepted: 2 })
  })

  test('without a name counts again, in as few flights as it takes', async () => {
    await send({ records, content: null })
    expect(goodOf(await send({ records, content: null }))).toMatchObject({ accepted: 3, names: 'none' })
    expect(shards.sums).toEqual({ a: 4, b: 10 })
    expect(shards.ids).toBe(0)
  })

  test('counts again where its meter says so, and the rest of it once', async () => {
    const mixed = [one('a', { countsAgain: true }), one('b')]
    await send({ records: mixed })
    expect(goodOf(await send({ records: mixed }))).toMatchObject({ accepted: 1, duplicates: 1 })
    expect(shards.sums).toEqual({ a: 2, b: 1 })
  })
})

describe('records with ids', () => {
  const records = [one('a', { id: 'x' }), one('a', { id: 'y' }), one('b')]

  test('[N1] count once by those, in whatever delivery they come', async () => {
    expect(goodOf(await send({ records }))).toMatchObject({ accepted: 3, names: 'ids' })
    const other = goodOf(await send({ records, content: nameOf({ body: 'sent again' }) }))
    expect(other).toMatchObject({ accepted: 1, duplicates: 2 })
    expect([...other.byRecord]).toEqual([
      [0, 'duplicate'],
      [1, 'duplicate'],
    ])
    expect(shards.sums).toEqual({ a: 2, b: 2 })
  })

  test('[N1] of any length are told apart', async () => {
    const long = ['p', 'q'].map((end) => one('a', { id: `${'x'.repeat(200)}${end}` }))
    await send({ records: long })
    await send({ records: long, content: nameOf({ body: 'again' }) })
    expect(shards.sums).toEqual({ a: 2 })
  })

  test('[N2] an id that came before with another value is not counted, and said', async () => {
    await send({ records })
    const other = goodOf(await send({ records: [one('a', { id: 'x', value: 2 })] }))
    expect(other).toMatchObject({ accepted: 0, conflicts: 1 })
    expect(logged).toMatchObject([{ message: 'records refused', reasons: { conflict: 1 } }])
  })

  test('[N1] are named by the delivery alone when there are too many, which is told', async () => {
    const many = manyRecords(REQUEST_ITEMS_MAX + 1, (i) => one(`k${i % 10}`, { id: `i${i}` }))
    const first = goodOf(await send({ records: many }))
    expect(first).toMatchObject({ accepted: many.length, names: 'content', hasDroppedIds: true })
    expect(goodOf(await send({ records: many }))).toMatchObject({ duplicates: many.length })
    expect(shards.ids).toBe(1)
    const most = many.slice(1)
    expect(goodOf(await send({ records: most }))).toMatchObject({ accepted: most.length, names: 'ids' })
  })
})

describe('a bad record', () => {
  const bad: [string, AskedIncrement, string][] = [
    ['a fraction', one('a', { value: 1.5 }), 'value'],
    ['a negative value', one('a', { value: -1 }), 'value'],
    ['a closed hour', one('a', { atMs: NOW - 100 * HOUR_MS }), 'time'],
    ['an hour to come', one('a', { atMs: NOW + HOUR_MS }), 'time'],
    ['an empty key', one(''), 'key'],
    ['a key outside of the prefix', one('other/a'), 'limit'],
    ['a bad key with an id', one('', { id: 'x' }), 'key'],
  ]

  test.each(bad)('[N2] %s holds back no other, and is told', async (_, record, reason) => {
    const prefix = reason === 'limit' ? 'a' : null
    const delivered = goodOf(await send({ records: [one('a/b'), record, one('a/c')], prefix }))
    expect(delivered).toMatchObject({ accepted: 2, refused: 1, faults: [{ index: 1 }], records: 3 })
    expect(shards.sums).toEqual({ 'a/b': 1, 'a/c': 1 })
    expect(logged).toEqual([
      {
        message: 'records refused',
        format: 'records',
        records: 3,
        accepted: 2,
        duplicates: 0,
        refused: 1,
        reasons: { [reason]: 1 },
      },
    ])
  })

  test.each<[CountLimits, AskedIncrement]>([
    [{ valueMax: 5 }, one('a/b', { value: 6 })],
    [{ depth: 2 }, one('a/b/c')],
    [{ keys: new Set(['a/b', 'a/c']) }, one('a/d')],
  ])('[N2] [S2] beyond what its token may count is refused alone: %o', async (limits, record) => {
    const delivered = goodOf(await send({ records: [one('a/b'), record, one('a/c')], limits }))
    expect(delivered).toMatchObject({ accepted: 2, refused: 1, faults: [{ index: 1 }] })
    expect(logged).toMatchObject([{ reasons: { limit: 1 } }])
  })

  test('[S2] more increments than a token may count in a request are refused whole', async () => {
    const records = [one('a'), one('b'), one('c', { value: 0 })]
    expect(goodOf(await send({ records, limits: { itemsMax: 2 } }))).toMatchObject({ accepted: 2 })
    expect(badOf(await send({ records, limits: { itemsMax: 1 } }))).toMatchObject({ kind: 'too_many_items' })
  })

  test('[N2] zero counts nothing and is no fault', async () => {
    const delivered = goodOf(await send({ records: [one('a', { value: 0 }), one('b')] }))
    expect(delivered).toMatchObject({ accepted: 1, zeros: 1, refused: 0, faults: [] })
    expect(logged).toEqual([])
  })
})

describe('a delivery that is too large', () => {
  test('[I5] in cells is refused before anything is sent, and names what varies most', async () => {
    const records = manyRecords(DELIVERY_CELLS_MAX + 1, (i) => one(`k${i}`))
    expect(badOf(await send({ records }))).toEqual({ kind: 'too_much', excess: 'cells', field: 'path' })
    expect(shards.names).toEqual([])
  })

  test('[I5] in hours names the hours', async () => {
    const records = manyRecords(DELIVERY_CELLS_MAX + 1, (i) =>
      one(`k${i % 1000}`, { atMs: NOW - (i % 70) * HOUR_MS }),
    )
    expect(eitherOf(await send({ records: records.slice(0, 1000), count: '256' }))).toMatchObject({
      kind: 'too_many_shards',
      shardsMax: REQUEST_SHARDS_MAX,
    })
    expect(shards.names).toEqual([])
  })

  test('[I5] in records is refused', async () => {
    const records = manyRecords(DELIVERY_RECORDS_MAX + 1, () => one('k'))
    expect(badOf(await send({ records }))).toMatchObject({ kind: 'too_much', excess: 'records' })
  })

  test('[I5] as large as it may be is taken, also when all goes to one shard', async () => {
    const records = manyRecords(DELIVERY_CELLS_MAX, (i) => one(`k${i}`))
    expect(goodOf(await send({ records }))).toMatchObject({ accepted: records.length, failure: null })
  })
})

test('[K1] each record is judged by its own time, whatever the hour of the one before', async () => {
  const ahead = NOW + AHEAD_MS_MAX
  const times = [NOW, ahead, ahead + 1, NOW - 73 * HOUR_MS, NOW, ahead + 1, NOW - 73 * HOUR_MS]
  const records = times.map((atMs) => one('a', { atMs }))
  const delivered = goodOf(await send({ records }))
  expect(delivered).toMatchObject({ accepted: 3, refused: 4 })
  expect(delivered.faults.map(({ index }) => index)).toEqual([2, 3, 5, 6])
})

test('a good delivery writes no line to the log', async () => {
  await send({ records: [one('a')] })
  expect(logged).toEqual([])
})

describe('records with labels', () => {
  const plan = (value: string) => labelsText({ plan: value })

  test('[L1] [N1] count in their slices and keys, once however often the delivery comes, in every number of shards', async () => {
    const records = ['a', 'b', 'a', 'c', 'a'].map((key, i) => ({
      key,
      labels: plan(`p${i % 2}`),
      value: i + 1,
    }))
    for (const count of ['1', '3']) {
      shards = new CountingShards(nodeClock)
      expect(goodOf(await send({ records, count }))).toMatchObject({ accepted: 5, duplicates: 0 })
      expect(goodOf(await send({ records, count }))).toMatchObject({ accepted: 0, duplicates: 5 })
      expect(shards.slices).toEqual({
        [`a${plan('p0')}`]: 9,
        [`b${plan('p1')}`]: 2,
        [`c${plan('p1')}`]: 4,
      })
    }
  })

  test('[L2] that are too long with their key count as overflow, and none is refused', async () => {
    const labels = labelsText(
      Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`n${i}`, 'x'.repeat(120)])),
    )
    const records = [
      { key: 'k', labels, value: 1 },
      { key: 'k', labels, value: 2, id: 'x' },
    ]
    expect(goodOf(await send({ records }))).toMatchObject({ accepted: 2, refused: 0 })
    expect(shards.slices).toEqual({ [`k${OVERFLOW}`]: 3 })
  })

  test('[I3] an id that comes with other labels is a conflict', async () => {
    const of = (value: string) => [
      { key: 'k', labels: plan(value), value: 1, id: 'x' },
      { key: 'k', value: 1 },
    ]
    expect(goodOf(await send({ records: of('a') }))).toMatchObject({ accepted: 2 })
    await send({ records: of('b'), content: nameOf({ body: 'y' }) })
    expect(shards.slices).toEqual({ [`k${plan('a')}`]: 1, k: 2 })
  })
})

describe('the outcomes of a delivery', () => {
  const secret = 'secret/key'

  test('[N2] are counted by format, with a reason for all that did not count, and without a key', async () => {
    const records = [one(secret), one(secret, { value: 1.5 }), one(''), one('b', { value: 0 })]
    await send({ records })
    await send({ records })
    expect(outcomes).toEqual(
      ['accepted', 'duplicate'].flatMap((fate) => [
        ['records', fate, 1],
        ['records', 'zero', 1],
        ['records', 'value', 1],
        ['records', 'key', 1],
      ]),
    )
    expect(JSON.stringify(outcomes)).not.toContain(secret)
  })

  test('[N2] name the bound that refused it whole, and a shard that did not take it', async () => {
    await send({ records: [one('a'), one('b')], limits: { itemsMax: 1 } })
    shards.before = () => ({ kind: 'refused', reason: 'full' })
    await send({ records: [one('a')] })
    expect(outcomes).toEqual([
      ['records', 'too_many_items', 2],
      ['records', 'unavailable', 1],
    ])
  })
})
