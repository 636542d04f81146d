import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CounterAnswer, SeriesAnswer } from '../../src/edge/read/answers.ts'
import { readCounterGroups } from '../../src/edge/read/counters.ts'
import { readLabels } from '../../src/edge/read/labels.ts'
import type { Grant } from '../../src/model/access/grant.ts'
import { must } from '../../src/model/assert.ts'
import type { Cell } from '../../src/model/cell.ts'
import { cellOf, EMPTY_CELL, mergeCells } from '../../src/model/cell.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, formatHourStart, hourOf } from '../../src/model/hour.ts'
import { covers, keyAlone } from '../../src/model/key.ts'
import type { CommittedCounter } from '../../src/model/read.ts'
import { groupName, groupOf } from '../../src/model/slices/grouping.ts'
import type { Labels } from '../../src/model/slices/slice.ts'
import { createGroupsReader } from '../../src/postgres/groups.ts'
import { createLabelLister } from '../../src/postgres/labels.ts'
import { seeded } from '../support/chance.ts'
import type { Increment } from '../support/increments.ts'
import { counterQuery, noFirstHour, parseCounterQuery } from '../support/queries.ts'
import { goodOf } from '../support/result.ts'
import { type Stand, startStand } from './stand.ts'
import { NOW, Town } from './town.ts'

const everything: Grant = { name: '', scopes: ['read'], prefix: null }
const HOUR = hourOf(NOW)
const KEYS = ['site/a', 'site/a/b', 'site/ab', 'other']
const PLANS = ['free', 'pro', 'pro:plus', "it's"]

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

function increment(key: string, value: number, labels?: Labels, hour: Hour = HOUR): Increment {
  return { key, value, hour, ...(labels !== undefined && { labels }) }
}

const total = (list: readonly Increment[]) => list.reduce((sum, { value }) => sum + BigInt(value), 0n)

type Where = (labels: Labels) => boolean

/** The answer that is due, made from every increment one by one. */
function naive(list: readonly Increment[], by: string, where: Where, limit: number) {
  const counted = list.filter(({ labels = {} }) => where(labels))
  const having = counted.filter(({ labels }) => labels?.[by] !== undefined)
  const groups = [...Map.groupBy(having, ({ labels }) => labels?.[by] ?? '')]
    .map(([value, own]) => ({ value, sum: total(own), count: own.length }))
    .sort((a, b) => (a.sum === b.sum ? (a.value < b.value ? -1 : 1) : a.sum > b.sum ? -1 : 1))
  const without = counted.filter(({ labels }) => labels?.[by] === undefined)
  return {
    total: { sum: total(counted), count: counted.length },
    groups: groups.slice(0, limit),
    others: groups.slice(limit).length,
    unlabelled: { sum: total(without), count: without.length },
  }
}

function shownOf(answer: CounterAnswer | SeriesAnswer) {
  const { groups = [], others, unlabelled, total: all } = answer
  return {
    total: { sum: all.sum, count: all.count },
    groups: groups.map(({ value, total: own }) => ({ value, sum: own.sum, count: own.count })),
    others: others?.groups,
    unlabelled: { sum: unlabelled?.total.sum, count: unlabelled?.total.count },
  }
}

/** Everything shown adds up to the total, as a whole and in each bucket, and unsettled parts to the unsettled total. [L1] */
function expectToAddUp(answer: CounterAnswer | SeriesAnswer): void {
  const { groups = [], others, unlabelled, overflow, buckets, unsettled, total: all } = answer
  const parts = [...groups, others, unlabelled, overflow].map((part) => must(part, 'a part'))
  const sum = (sums: readonly { sum: bigint; count: number }[]) => ({
    sum: sums.reduce((a, b) => a + b.sum, 0n),
    count: sums.reduce((a, b) => a + b.count, 0),
  })
  expect(sum(parts.map((part) => part.total))).toEqual({ sum: all.sum, count: all.count })
  for (const [i, bucket] of buckets.entries()) {
    const own = parts.map((part) => must(part.buckets[i], 'a bucket'))
    expect(own.map(({ start }) => start)).toEqual(own.map(() => bucket.start))
    expect(sum(own)).toEqual({ sum: bucket.sum, count: bucket.count })
    const held = parts.flatMap((part) => part.unsettled ?? []).filter(({ start }) => start === bucket.start)
    const ofAll = unsettled?.find(({ start }) => start === bucket.start) ?? { sum: 0n, count: 0 }
    expect(sum(held)).toEqual({ sum: ofAll.sum, count: ofAll.count })
  }
  expect(parts.map((part) => part.unsettled === null)).toEqual(parts.map(() => unsettled === null))
}

const WHERES: readonly (readonly [search: string, where: Where])[] = [
  ['', () => true],
  ['&where=kind:in', ({ kind }) => kind === 'in'],
  ['&where=kind:', ({ kind }) => kind === undefined],
  ['&where=kind:in&where=kind:', ({ kind }) => kind === 'in' || kind === undefined],
  [
    '&where=plan:pro:plus&where=plan:free&where=kind:in',
    (l) => l['kind'] === 'in' && ['pro:plus', 'free'].includes(l['plan'] ?? ''),
  ],
  ['&where=nothing:x', () => false],
]

describe('a read by groups', () => {
  test.each([1, 2, 3])(
    '[R1] [L1] has what naive adding up has, open, frozen, flushed or in doubt, by key and by prefix (seed %i)',
    async (seed) => {
      const chance = seeded(seed)
      const pick = <T>(items: readonly T[]): T => must(items[Math.floor(chance() * items.length)], 'an item')
      const town = new Town(stand)
      for (let round = 0; round < 5; round++) {
        const increments = Array.from({ length: 30 }, () => {
          const labels: Labels = {
            ...(chance() < 0.7 && { plan: pick(PLANS) }),
            ...(chance() < 0.5 && { kind: pick(['in', 'out']) }),
          }
          const isPlain = Object.keys(labels).length === 0
          const hour = addHours(HOUR, pick([0, -1]))
          return increment(pick(KEYS), 1 + Math.floor(chance() * 9), isPlain ? undefined : labels, hour)
        })
        town.take(increments)
        await town.flush(pick([0, 1, 2, 100]))
        for (const [search, where] of WHERES) {
          const limit = pick([1, 2, 10])
          const by = pick(['plan', 'kind'])
          const asked = `by=${by}&limit=${limit}${search}&freshHours=2`
          const keys = KEYS.slice(0, 3)
          const answers = await town.read(`?${keys.map((key) => `key=${key}`).join('&')}&${asked}`)
          for (const [i, key] of keys.entries()) {
            const answer = must(answers[i], 'an answer')
            const own = town.all.filter((each) => each.key === key)
            expect(shownOf(answer)).toEqual(naive(own, by, where, limit))
            expectToAddUp(answer)
          }
          const grant = chance() < 0.5 ? null : 'site/a'
          const series = await town.series(`?prefix=site/a&bucket=hour&${asked}`, grant)
          const under = town.all.filter(({ key }) => key.startsWith('site/a') && covers(grant, key))
          expect(shownOf(series)).toEqual(naive(under, by, where, limit))
          expectToAddUp(series)
        }
      }
    },
  )

  test('[L1] a committed read adds up too, and has what Postgres has', async () => {
    const town = new Town(stand)
    town.take([increment('k', 1), increment('k', 2, { plan: 'pro' }), increment('k', 4, { kind: 'in' })])
    await town.flush(100)
    town.take([increment('k', 8, { plan: 'pro' })])
    const [answer] = await town.read('?key=k&by=plan&consistency=committed')
    expect(shownOf(must(answer, 'an answer'))).toEqual({
      total: { sum: 7n, count: 3 },
      groups: [{ value: 'pro', sum: 2n, count: 1 }],
      others: 0,
      unlabelled: { sum: 5n, count: 2 },
    })
    expectToAddUp(must(answer, 'an answer'))
  })

  test('[L2] what overflowed is shown as such, in the total and in no condition', async () => {
    const town = new Town(stand, 2)
    town.take(Array.from({ length: 6 }, (_, i) => increment('k', 1, { id: String(i) })))
    town.take([increment('k', 1, { id: '0' }), increment('k', 1)])
    for (const batches of [0, 100]) {
      await town.flush(batches)
      const [answer] = await town.read('?key=k&by=id')
      expect(answer).toMatchObject({
        total: { sum: 8n, count: 8 },
        overflow: { total: { sum: 4n, count: 4 } },
        unlabelled: { total: { sum: 1n, count: 1 } },
      })
      expectToAddUp(must(answer, 'an answer'))
      const [none] = await town.read('?key=k&by=other&where=id:')
      expect(none).toMatchObject({ total: { sum: 1n }, overflow: { total: { sum: 0n } } })
    }
    const labels = goodOf(await readLabels('?key=k', everything, NOW, labelsDatabase()))
    expect(labels).toMatchObject({
      labels: [{ name: 'id', values: 2, count: 3 }],
      overflow: { sum: 4n, count: 4 },
    })
    expect(labels.lastFlushAt).not.toBeNull()
  })

  test('[L2] the list of labels tells what overflowed beside as many names as it has room for', async () => {
    const town = new Town(stand, 1)
    town.take([increment('k', 3, { a: '1', b: '2', c: '3', d: '4' }), increment('k', 5, { a: '2' })])
    const list = async (names: number) => {
      const range = { ranges: [keyAlone('k')], from: addHours(HOUR, -1), to: addHours(HOUR, 2) }
      const { items, overflow } = await createLabelLister(stand.postgres)({ ...range, names, values: 1 })
      return [items.map(({ name }) => name).join(), overflow?.largest[0]?.sum]
    }
    expect(await list(2)).toEqual(['', undefined])
    await town.flush(100)
    expect([await list(2), await list(4), await list(9)]).toEqual([
      ['a,b', 5n],
      ['a,b,c,d', 5n],
      ['a,b,c,d', 5n],
    ])
  })

  test('without `by`, `where` counts what has the labels, and minima where they are known', async () => {
    const town = new Town(stand)
    town.take([
      increment('k', 1),
      increment('k', 2, { plan: 'pro' }),
      increment('k', 4, { plan: 'pro', kind: 'in' }),
    ])
    for (const batches of [0, 100]) {
      await town.flush(batches)
      const [pro] = await town.read('?key=k&where=plan:pro')
      expect(pro).toMatchObject({ total: { sum: 6n, count: 2, min: 2, max: 4 } })
      expect(pro).not.toHaveProperty('groups')
    }
    const [none] = await town.read('?key=k&where=plan:')
    expect(none).toMatchObject({ total: { sum: 1n, count: 1, min: null, max: null } })
  })

  test('[S2] a token with a prefix sees the labels of its own keys alone', async () => {
    const town = new Town(stand)
    town.take([increment('site/a', 1, { plan: 'own' }), increment('site/ab', 2, { plan: 'foreign' })])
    for (const batches of [0, 100]) {
      await town.flush(batches)
      const answer = await town.series('?prefix=&bucket=hour&by=plan', 'site/a')
      expect(JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? Number(v) : v))).not.toContain(
        'foreign',
      )
      expect(answer).toMatchObject({
        total: { sum: 1n },
        others: { groups: 0 },
        unlabelled: { total: { count: 0 } },
      })
    }
    const grant: Grant = { ...everything, prefix: 'site/a' }
    const list = (search: string, own = grant) => readLabels(search, own, NOW, labelsDatabase())
    expect(goodOf(await list('?prefix='))).toMatchObject({
      labels: [{ name: 'plan', values: 1, count: 1, largest: [{ value: 'own', sum: 1n, count: 1 }] }],
    })
    expect(await list('?key=site/ab')).toMatchObject({ ok: false, error: { kind: 'forbidden' } })
    expect(goodOf(await list('?key=site/ab', everything))).toMatchObject({
      labels: [{ name: 'plan', largest: [{ value: 'foreign' }] }],
    })
  })

  test('has at most so many buckets over all groups, and names the largest limit that fits', async () => {
    const parse = (search: string) => parseCounterQuery(search, NOW)
    const range = `from=${formatHourStart(addHours(HOUR, -999))}&to=${formatHourStart(addHours(HOUR, 1))}`
    expect(await parse(`?key=k&by=plan&limit=7&${range}`)).toMatchObject({ ok: true })
    expect(await parse(`?key=k&by=plan&limit=8&${range}`)).toMatchObject({
      error: { parameter: 'limit', fault: expect.stringContaining('ask for at most 7') },
    })
    expect(await parse(`?key=k&key=l&key=m&key=n&by=plan&${range}`)).toMatchObject({
      error: { parameter: 'limit', fault: expect.stringContaining('has no room') },
    })
    expect(await parse('?key=k&limit=8')).toMatchObject({
      error: { parameter: 'limit', fault: 'requires `by`' },
    })
    expect(await parse('?key=k&where=plan')).toMatchObject({ error: { parameter: 'where' } })
    expect(await parse('?key=k&by=1x')).toMatchObject({ error: { parameter: 'by' } })
    expect(await parse('?key=k&where=plan:%00')).toMatchObject({
      error: { parameter: 'where', fault: expect.stringContaining('control characters') },
    })
  })
})

test('[I5] [L1] a label with very many values is added up without a bucket for each', async () => {
  const values = 30_000
  const range = `from=${formatHourStart(addHours(HOUR, -400))}&to=${formatHourStart(addHours(HOUR, 1))}`
  const query = await counterQuery(`?key=k&by=id&consistency=committed&${range}`, NOW)
  const hourOfValue = (i: number) => addHours(HOUR, -(i % 400))
  const counters = new Map<string, CommittedCounter>()
  const totals = new Map<Hour, Cell>()
  for (let i = 0; i < values; i++) {
    const cell = cellOf(i + 1)
    const hour = hourOfValue(i)
    counters.set(groupName('k', groupOf(`v${i}`)), { cells: new Map([[hour, cell]]), lastFlushMs: NOW })
    totals.set(hour, mergeCells(totals.get(hour) ?? EMPTY_CELL, cell))
  }
  counters.set('k', { cells: totals, lastFlushMs: NOW })
  const town = new Town(stand)
  const readGroups = async () => ({ counters, ledger: new Map(), unreadable: [], coarse: [] })
  const services = { ...town.services, database: { ...town.services.database, readGroups } }
  const [answer] = goodOf(await readCounterGroups(query, must(query.groups, 'groups'), services))
  expect(answer).toMatchObject({ groups: { length: 10 }, others: { groups: values - 10 } })
  expect(answer?.groups?.[0]?.value).toBe(`v${values - 1}`)
  expectToAddUp(must(answer, 'an answer'))
})

test('[I5] a label with more values than an isolate holds is a 422, by each way that leaves fewer', async () => {
  const town = new Town(stand)
  const hours = [HOUR, addHours(HOUR, -1)]
  town.take(
    hours.flatMap((hour) => Array.from({ length: 4 }, (_, i) => increment('k', 1, { id: `${i}` }, hour))),
  )
  await town.flush(100)
  const readWithin = async (bounds: { names: number; buckets: number }, more = '') => {
    const query = await counterQuery(`?key=k&by=id&consistency=committed&range=24h${more}`, NOW)
    const database = { ...town.services.database, readGroups: createGroupsReader(stand.postgres, bounds) }
    return readCounterGroups(query, must(query.groups, 'groups'), { ...town.services, database })
  }
  const isGood = { ok: true, value: [{ groups: { length: 4 }, total: { sum: 8n } }] }
  const isTooMuch = {
    ok: false,
    error: { parameter: 'by', fault: expect.stringContaining('values in these hours') },
  }
  // The key itself has a name and two buckets too.
  expect(await readWithin({ names: 5, buckets: 10 }, '&bucket=hour')).toMatchObject(isGood)
  expect(await readWithin({ names: 5, buckets: 9 }, '&bucket=hour')).toMatchObject(isTooMuch)
  expect(await readWithin({ names: 5, buckets: 9 })).toMatchObject(isGood)
  expect(await readWithin({ names: 4, buckets: 99 })).toMatchObject(isTooMuch)
  expect(await readWithin({ names: 4, buckets: 99 }, '&where=id:1')).toMatchObject({ ok: true })
})

test('groups of one sum come in the order of their bytes, as Postgres and the docs have it', async () => {
  const town = new Town(stand)
  const values = ['b', 'ａ', '𝄞', 'a', 'é']
  town.take(values.map((mark) => increment('k', 1, { mark })))
  const query = await counterQuery('?key=k&by=mark&limit=5', NOW)
  const [answer] = goodOf(await readCounterGroups(query, must(query.groups, 'groups'), town.services))
  expect(answer?.groups?.map(({ value }) => value)).toEqual(['a', 'b', 'é', 'ａ', '𝄞'])
})

/** The database of a list of labels. */
function labelsDatabase() {
  return { listLabels: createLabelLister(stand.postgres), firstHour: noFirstHour }
}

describe('the labels of a prefix', () => {
  test('are listed with how many values each has, and the largest of them', async () => {
    const town = new Town(stand)
    town.take([
      ...Array.from({ length: 12 }, (_, i) => increment('a/k', i + 1, { model: `m${i}`, plan: 'pro' })),
      increment('a/l', 100, { plan: 'free' }),
      increment('b', 1, { plan: 'x', secret: 'y' }),
      increment('a/l', 5),
    ])
    await town.flush(100)
    const labels = goodOf(await readLabels('?prefix=a/', everything, NOW, labelsDatabase()))
    expect(labels.labels).toMatchObject([
      { name: 'model', values: 12, count: 12 },
      {
        name: 'plan',
        values: 2,
        count: 13,
        largest: [
          { value: 'free', sum: 100n },
          { value: 'pro', sum: 78n },
        ],
      },
    ])
    expect(labels.labels[0]?.largest.map(({ value }) => value).slice(0, 2)).toEqual(['m11', 'm10'])
    expect(labels.labels[0]?.largest).toHaveLength(10)
    expect(labels.lastFlushAt).not.toBeNull()
    expect(await readLabels('', everything, NOW, labelsDatabase())).toMatchObject({
      ok: false,
    })
  })
})
