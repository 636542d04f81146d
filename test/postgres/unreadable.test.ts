import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { describeProblem } from '../../src/edge/http/problem-words.ts'
import { readCounters } from '../../src/edge/read/counters.ts'
import { readLabels } from '../../src/edge/read/labels.ts'
import { listAnswer, parseListQuery } from '../../src/edge/read/list.ts'
import { readSeriesAnswer } from '../../src/edge/read/series.ts'
import { createGroupsReader } from '../../src/postgres/groups.ts'
import { createLabelLister } from '../../src/postgres/labels.ts'
import { createLister } from '../../src/postgres/list.ts'
import { createReader, createSeriesReader } from '../../src/postgres/reader.ts'
import { counterQuery, noFirstHour } from '../support/queries.ts'
import { eitherOf, goodOf } from '../support/result.ts'
import { scheduleOf } from '../support/schedule.ts'
import { type Stand, startStand } from './stand.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)
const [EARLIER, BAD_HOUR] = ['2026-11-21T18:00:00Z', '2026-11-21T19:00:00Z']

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})

afterAll(() => stand?.stop())

/** Every way in which a row of `bad/key` is no cell. */
const CHANGES = [
  ['a sum of 1.5', 'sum = 1.5'],
  ['a sum of NaN', `sum = 'NaN'`],
  ['a sum of infinity', `sum = 'Infinity'`],
  ['a sum of less than everything', `sum = '-Infinity'`],
  ['a count that no answer can carry', 'count = 9007199254740993'],
  ['a min that no answer can carry', 'min = -9007199254740993'],
  ['a max that no answer can carry', 'max = 9223372036854775807'],
  ['a flush at the end of time', `updated_at = 'infinity'`],
] as const

beforeEach(async () => {
  await stand.reset()
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max) values
     ('bad/key', $1, 5, 1, 5, 5), ('bad/key', $2, 7, 1, 7, 7), ('bad/other', $2, 20, 2, 10, 10),
     ('good', $1, 36893488147419103232, 3, 1, 9), ('good', $2, 1, 1, 1, 1)`,
    [EARLIER, BAD_HOUR],
  )
})

function change(set: string): Promise<unknown> {
  return stand.pool.query(`update sumdial.counters set ${set} where key = 'bad/key' and hour = $1`, [
    BAD_HOUR,
  ])
}

const BAD = [{ key: 'bad/key', hour: BAD_HOUR }]

async function read(search: string) {
  const query = await counterQuery(`?consistency=committed&${search}`, NOW)
  const answer = await readCounters(query, {
    database: { readCommitted: createReader(stand.postgres) },
    shards: { unsettled: async () => [] },
    config: { shards: scheduleOf('1') },
    nowMs: NOW,
  })
  return eitherOf(answer)
}

async function series(search: string) {
  const answer = await readSeriesAnswer(`?consistency=committed&${search}`, null, {
    database: {
      readSeries: createSeriesReader(stand.postgres),
      readGroups: createGroupsReader(stand.postgres),
      firstHour: noFirstHour,
    },
    shards: {
      unsettledSum: () => Promise.reject(new Error('not asked')),
      unsettledGroups: () => Promise.reject(new Error('not asked')),
    },
    config: { shards: scheduleOf('1') },
    nowMs: NOW,
  })
  return goodOf(answer)
}

async function list(search: string) {
  const asked = await parseListQuery(`?${search}`, null, NOW, noFirstHour)
  return listAnswer(goodOf(asked), createLister(stand.postgres))
}

describe.each(CHANGES)('a row with %s', (_, set) => {
  beforeEach(() => change(set))

  test('is found by the query in the docs, alone', async () => {
    const docs = readFileSync(join(import.meta.dirname, '../../docs/sql.md'), 'utf8')
    const [, query = ''] = /## Rows that cannot be read.*?```sql\n(.*?)```/s.exec(docs) ?? []
    const { rows } = await stand.pool.query(query)
    expect(rows).toMatchObject([{ key: 'bad/key', hour: new Date(BAD_HOUR) }])
  })

  test('holds no other key of a read, and is named', async () => {
    const answers = await read('key=good&key=bad/key&key=bad/other')
    expect(answers).toMatchObject([
      { key: 'good', total: { sum: 36893488147419103233n, count: 4, min: 1, max: 9 } },
      { key: 'bad/key', total: { sum: 5n, count: 1 }, unreadable: BAD },
      { key: 'bad/other', total: { sum: 20n } },
    ])
    expect(Object.hasOwn((answers as object[])[0] ?? {}, 'unreadable')).toBe(false)
  })

  test('is a problem of its own for its key alone, which does not say to try again', async () => {
    const problem = await read('key=bad/key')
    expect(problem).toEqual({ kind: 'unreadable_rows', rows: BAD })
    const { details, retryAfterSeconds } = describeProblem(problem as never)
    expect(details).toMatchObject({ status: 500, rows: BAD })
    expect(details.detail).toContain(`\`bad/key\` at ${BAD_HOUR}`)
    expect(retryAfterSeconds).toBeUndefined()
    expect(await read(`key=bad/key&to=${BAD_HOUR}`)).toMatchObject([{ total: { sum: 5n } }])
    expect(await read('key=good')).toMatchObject([{ total: { count: 4 } }])
  })

  test('holds nothing of the sum of its prefix but itself', async () => {
    const answer = await series('prefix=bad/&bucket=hour')
    expect(answer).toMatchObject({ total: { sum: 25n, count: 3, min: 5, max: 10 }, unreadable: BAD })
    expect(answer.buckets.filter(({ count }) => count > 0).map(({ sum }) => sum)).toEqual([5n, 20n])
    expect(Object.hasOwn(await series('prefix=g&bucket=day'), 'unreadable')).toBe(false)
  })

  test.each(['key', '-sum', '-count'])('holds no other item of a list by %s', async (sort) => {
    const { items, unreadable } = await list(`prefix=&sort=${sort}`)
    expect(items.find(({ key }) => key === 'good')).toMatchObject({ sum: 36893488147419103233n, count: 4 })
    expect(items.find(({ key }) => key === 'bad/key')).toMatchObject({ sum: 5n, count: 1 })
    expect(items.map(({ key }) => key).sort()).toEqual(['bad/key', 'bad/other', 'good'])
    expect(unreadable).toEqual(BAD)
  })

  test('holds no other group, and no page on which it is not', async () => {
    const grouped = await list('prefix=&depth=1')
    expect(grouped.items).toMatchObject([
      { key: 'bad', sum: 25n, keys: 2 },
      { key: 'good', count: 4 },
    ])
    expect(grouped.unreadable).toEqual(BAD)
    const first = await list('prefix=&limit=1')
    expect(first.items).toMatchObject([{ key: 'bad/key', sum: 5n }])
    expect(first.unreadable).toEqual(BAD)
    const next = await list(`prefix=&limit=1&cursor=${first.nextCursor}`)
    expect(next.items).toMatchObject([{ key: 'bad/other', sum: 20n }])
    expect(next.unreadable).toBeUndefined()
  })
})

test('a row that has nothing else in its range makes no item, and is named', async () => {
  await change(`sum = 'NaN'`)
  expect(await list(`prefix=bad/k&from=${BAD_HOUR}`)).toMatchObject({
    items: [],
    unreadable: BAD,
    lastFlushAt: null,
  })
  expect(await read(`key=bad/key&from=${BAD_HOUR}&key=good`)).toMatchObject([
    { total: { sum: 0n, count: 0, min: null }, unreadable: BAD, lastFlushAt: null },
    { key: 'good' },
  ])
})

test('a sum that somebody wrote as 7.0 is 7', async () => {
  await change('sum = 7.0')
  expect(await read('key=bad/key')).toMatchObject([{ total: { sum: 12n } }])
  const { items, unreadable } = await list('prefix=bad/k')
  expect(items).toMatchObject([{ sum: 12n }])
  expect(unreadable).toBeUndefined()
})

describe('a slice that is no cell', () => {
  const labelsOf = async (search: string) =>
    goodOf(
      await readLabels(search, { name: '', scopes: ['read'], prefix: null }, NOW, {
        listLabels: createLabelLister(stand.postgres),
        firstHour: noFirstHour,
      }),
    )

  beforeEach(() =>
    stand.pool.query(
      `insert into sumdial.slices (key, hour, labels, sum, count, min, max) values
       ('bad/key', $1, '{"plan":"pro"}', 5, 1, 5, 5), ('bad/key', $2, '{"plan":"free"}', 7, 1, 7, 7),
       ('good', $2, '{"plan":"pro"}', 8, 2, 1, 7)`,
      [EARLIER, BAD_HOUR],
    ),
  )

  const set = (sum: string) =>
    stand.pool.query(`update sumdial.slices set sum = $1 where key = 'bad/key' and hour = $2`, [
      sum,
      BAD_HOUR,
    ])

  test.each(['1.5', 'NaN', 'Infinity', '-Infinity'])(
    'because its sum is %s, holds nothing of the list of labels but itself, and is named',
    async (sum) => {
      await set(sum)
      const { labels, unreadable } = await labelsOf('?prefix=')
      expect(labels).toEqual([
        { name: 'plan', values: 1, count: 3, largest: [{ value: 'pro', sum: 13n, count: 3 }] },
      ])
      expect(unreadable).toEqual(BAD)
      expect(await labelsOf('?key=good')).not.toHaveProperty('unreadable')
    },
  )

  test('is none when its sum is written as 7.0', async () => {
    await set('7.0')
    const { labels, unreadable } = await labelsOf('?key=bad/key')
    expect(labels[0]?.largest).toMatchObject([
      { value: 'free', sum: 7n },
      { value: 'pro', sum: 5n },
    ])
    expect(unreadable).toBeUndefined()
  })
})
