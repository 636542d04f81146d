import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SMALL_READ_MS_MAX } from '../../src/limits.ts'
import { addHours, type Hour, hourOf } from '../../src/model/hour.ts'
import { keysFrom } from '../../src/model/key.ts'
import { createLister } from '../../src/postgres/list.ts'
import { createReader, createSeriesReader } from '../../src/postgres/reader.ts'
import { type Stand, startStand, WAYS } from './stand.ts'

const TO = hourOf(Date.UTC(2026, 3, 1))
const FROM = addHours(TO, -300 * 24)

/** Far too little for the rows of this table, and enough for a small statement on any machine. */
const TIMES = { statementMs: 20, smallMs: 30_000 }

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
select 'k/' || n, hour, 1, 1, 1, 1 from generate_series(1, 40) as n,
  generate_series($1::timestamptz, $2::timestamptz, interval '1 hour') as hour`,
    [new Date(FROM * 3_600_000), new Date((TO - 1) * 3_600_000)],
  )
})

afterAll(() => stand?.stop())

beforeEach(() => stand.faults.clear())

const LIST = {
  ranges: [keysFrom('k/')],
  contains: null,
  where: [],
  from: FROM,
  to: TO,
  sort: '-sum',
  grouping: null,
  after: null,
  limit: 10,
} as const

const rows = { buckets: [FROM], to: TO, writers: [] as string[] }

describe.each(WAYS)('over %s, a read that takes too long', (way) => {
  const list = (more: Partial<{ contains: string }> = {}) =>
    createLister(stand.over(way), TIMES)({ ...LIST, ...more })

  test('says that it asks for too much, because Postgres answers something small', async () => {
    await expect(list()).rejects.toMatchObject({ name: 'TooSlow', read: 'list' })
    await expect(list({ contains: 'k' })).rejects.toMatchObject({ name: 'TooSlow', read: 'search' })
    const name = { name: 'k/', ranges: [keysFrom('k/')] }
    await expect(createSeriesReader(stand.over(way), TIMES)({ ...rows, ...name })).rejects.toMatchObject({
      name: 'TooSlow',
      read: 'prefix',
    })
    const keys = Array.from({ length: 20 }, (_, i) => `k/${i + 1}`)
    await expect(createReader(stand.over(way), TIMES)({ ...rows, keys })).rejects.toMatchObject({
      name: 'TooSlow',
      read: 'keys',
    })
  })

  test('is answered in time when it asks for less', async () => {
    const times = { ...TIMES, statementMs: 30_000 }
    const { items } = await createLister(stand.over(way), times)({ ...LIST, from: addHours(TO, -3) as Hour })
    expect(items).toHaveLength(10)
  })
})

test('the statements of a read have its time together, so that no person waits for several', async () => {
  const hour = new Date((TO - 1) * 3_600_000)
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max) values ('k/bad', $1, 'NaN', 1, 1, 1)`,
    [hour],
  )
  const few = { ...LIST, from: addHours(TO, -3) }
  const asked = async (delayMs: number, statementMs: number) => {
    stand.faults.clear()
    // The first statement finds the bad row, the second leaves it out, and the third names it.
    for (let i = 0; i < 3; i++) stand.faults.inject({ kind: 'delay', ms: delayMs, match: /json_agg\(item\)/ })
    return createLister(stand.postgres, { ...TIMES, statementMs })(few)
  }
  expect((await asked(1, 30_000)).unreadable).toMatchObject([{ key: 'k/bad' }])
  await expect(asked(600, 1_500)).rejects.toMatchObject({ name: 'TooSlow', read: 'list' })
  await stand.pool.query(`delete from sumdial.counters where key = 'k/bad'`)
})

test('a statement that Postgres itself ended, as its own timeout says, is one that takes too long', async () => {
  stand.faults.inject({ kind: 'answer-sqlstate', code: '57014' })
  await expect(createLister(stand.postgres)(LIST)).rejects.toMatchObject({ name: 'TooSlow', read: 'list' })
})

test('without an answer to the small statement Postgres is away', async () => {
  const lister = createLister(stand.postgres, { statementMs: 20, smallMs: SMALL_READ_MS_MAX })
  stand.faults.inject({ kind: 'delay', ms: 60, match: /json_agg\(item\)/ })
  stand.faults.inject({ kind: 'refuse' })
  await expect(lister(LIST)).rejects.toMatchObject({ name: 'NotAnswered' })
})
