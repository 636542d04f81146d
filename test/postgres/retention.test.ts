import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RETENTION_ROWS, RETENTION_STEPS_MAX } from '../../src/limits.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { DeleteBefore } from '../../src/model/closing.ts'
import type { Batch } from '../../src/model/flush/batch.ts'
import { addHours, formatHour, formatHourStart, type Hour, hourOf } from '../../src/model/hour.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import { createRetention } from '../../src/postgres/retention.ts'
import { casesOf } from '../support/thorough.ts'
import { rollupsOneByOne } from './rollups/one-by-one.ts'
import { type Stand, startStand } from './stand.ts'

let stand: Stand
let deleteBefore: DeleteBefore

beforeAll(async () => {
  stand = await startStand(8)
  deleteBefore = createRetention(stand.postgres)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

const YEAR_HOURS = 8_760
const END = hourOf(Date.UTC(2026, 10, 21, 20))
const START = addHours(END, -YEAR_HOURS)
/** The beginning of a UTC day, because whole days are deleted. */
const BEFORE = addHours(hourOf(Date.UTC(2026, 10, 21)), -30 * 24)

/** Every hour of a year, with so many keys each. */
async function fillYear(keys: number): Promise<void> {
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
select 'key/' || k, $1::timestamptz + h * interval '1 hour', h * 10 + k, 1, h, h
from generate_series(0, $2::int - 1) as h, generate_series(1, $3::int) as k order by h, hashtext(k::text)`,
    [formatHourStart(START), YEAR_HOURS, keys],
  )
  await stand.pool.query('analyze sumdial.counters')
}

/** Has each day made that there is. */
async function makeAll(): Promise<void> {
  const { rows } = await stand.pool.query<{ day: string }>(
    `select distinct (hour at time zone 'UTC')::date::text as day from sumdial.counters`,
  )
  const { makeDay } = rollupsOneByOne(stand.postgres)
  for (const { day } of rows) await makeDay(day)
}

async function rowsByHour(): Promise<Map<string, string>> {
  const { rows } = await stand.pool.query<{ place: string; cell: string }>(
    `select key || ' ' || extract(epoch from hour)::bigint / 3600 as place, concat_ws(' ', sum, count, min, max) as cell
from sumdial.counters`,
  )
  return new Map(rows.map(({ place, cell }) => [place, cell]))
}

/** So many flushes of one writer, each of the same cells. @returns once all of them have been applied. */
async function flushAgain(hour: Hour, cells: Cells, times: number): Promise<void> {
  const writer = crypto.randomUUID()
  for (let seq = 1; seq <= times; seq++) {
    const id = crypto.randomUUID()
    await applied({ writer, seq, id, shard: `${formatHour(hour)}/0`, hour, cells, increments: cells.length })
  }
}

async function applied(batch: Batch): Promise<void> {
  for (;;) {
    const outcome = await stand.sink.apply(batch)
    if (outcome.kind === 'applied') return
    // A deadlock is for the sink a failure like any other, which is waited out; here it is one to see.
    expect(JSON.stringify(outcome)).not.toContain('40P01')
  }
}

const ones = (count: number) => Cells.of(Array.from({ length: count }, (_, i) => [`key/${i + 1}`, cellOf(1)]))

async function deleteAll(): Promise<number> {
  let deleted = 0
  for (let hasMore = true; hasMore; ) {
    const swept = await deleteBefore(BEFORE)
    deleted += swept.deleted
    hasMore = swept.hasMore
  }
  return deleted
}

describe('retention', () => {
  test('deletes whole days before the first hour that stays, and not the day that it is in', async () => {
    for (const hours of [-25, -1, 0]) await flushAgain(addHours(BEFORE, hours), ones(3), 1)
    await makeAll()
    expect(await deleteBefore(addHours(BEFORE, -1))).toEqual({ deleted: 3, hasMore: false })
    expect(await deleteBefore(addHours(BEFORE, 5))).toEqual({ deleted: 3, hasMore: false })
    expect([...(await rowsByHour()).keys()].sort()).toEqual([1, 2, 3].map((k) => `key/${k} ${BEFORE}`))
    expect(await deleteBefore(addHours(BEFORE, 23))).toEqual({ deleted: 0, hasMore: false })
    const { rows } = await stand.pool.query('select count(*)::int as kept from sumdial.days')
    expect(rows).toEqual([{ kept: 9 }])
  })

  test('[D1] keeps the hours of a day that was never made, and of one that has changed since', async () => {
    for (const hours of [-60, -30, -1]) await flushAgain(addHours(BEFORE, hours), ones(1), 1)
    expect(await deleteBefore(BEFORE)).toEqual({ deleted: 0, hasMore: false })
    await makeAll()
    await flushAgain(addHours(BEFORE, -30), ones(1), 1)
    expect(await deleteBefore(BEFORE)).toEqual({ deleted: 2, hasMore: false })
    await makeAll()
    expect(await deleteBefore(BEFORE)).toEqual({ deleted: 1, hasMore: false })
  })

  test('of a backlog takes what one sweep may, the oldest first, and says that there is more', async () => {
    await fillYear(12)
    await makeAll()
    const most = RETENTION_ROWS * RETENTION_STEPS_MAX
    expect(await deleteBefore(BEFORE)).toEqual({ deleted: most, hasMore: true })
    const { rows } = await stand.pool.query('select min(hour) as first from sumdial.counters')
    expect(rows[0].first).toEqual(new Date(addHours(START, Math.floor(most / 12)) * 3_600_000))
    expect(await deleteAll()).toBe((BEFORE - START) * 12 - most)
  })

  test('[P1] [P2] [D1] of a year, two sweeps at once and flushes before, at and after the edge: all else is as it was', async () => {
    const keys = casesOf(12)
    await fillYear(keys)
    await makeAll()
    const expected = new Map(
      [...(await rowsByHour())].filter(([place]) => Number(place.split(' ')[1]) >= BEFORE),
    )
    const cells = ones(40)
    const times = casesOf(30)
    // Lost answers, of flushes and of sweeps.
    for (let i = 0; i < 6; i++) stand.faults.inject({ kind: 'drop-answer' })
    const sweeps = [0, 1].map(() => deleteAll().catch(deleteAll).catch(deleteAll))
    const flushed = [BEFORE, addHours(BEFORE, 1), addHours(END, -1), END]
    await Promise.all([
      ...sweeps,
      ...flushed.map((hour) => flushAgain(hour, cells, times)),
      ...[-1, -2, -700].map((hours) => flushAgain(addHours(BEFORE, hours), cells, times)),
    ])
    // A day that changed before it was gone has kept its hours.
    await makeAll()
    await deleteAll()
    for (const hour of flushed) {
      for (const [key] of cells) {
        const place = `${key} ${hour}`
        const [sum = 0, count = 0, min = 1, max = 1] = (expected.get(place) ?? '')
          .split(' ')
          .filter(Boolean)
          .map(Number)
        expected.set(place, [sum + times, count + times, Math.min(min, 1), Math.max(max, 1)].join(' '))
      }
    }
    expect(await rowsByHour()).toEqual(expected)
    const { rows } = await stand.pool.query(
      'select sum(count)::int as increments from sumdial.days join sumdial.rollups using (day) where day < $1::date',
      [formatHourStart(BEFORE).slice(0, 10)],
    )
    expect(rows).toEqual([{ increments: (BEFORE - START) * keys + 3 * times * 40 }])
  })

  test('[P2] passes over rows that a late flush holds, rather than wait', async () => {
    await flushAgain(START, ones(3), 1)
    await makeAll()
    const client = await stand.pool.connect()
    try {
      await client.query('begin')
      await client.query(`update sumdial.counters set count = count + 1 where key = 'key/2'`)
      expect(await deleteBefore(BEFORE)).toEqual({ deleted: 2, hasMore: false })
      await client.query('commit')
    } finally {
      client.release()
    }
    expect(await deleteBefore(BEFORE)).toEqual({ deleted: 1, hasMore: false })
  })

  test('[P2] passes over a day that a late flush marks, rather than wait', async () => {
    await flushAgain(START, ones(3), 1)
    await makeAll()
    const client = await stand.pool.connect()
    try {
      await client.query('begin')
      await client.query(`update sumdial.rollups set state = 'stale'`)
      expect(await deleteBefore(BEFORE)).toEqual({ deleted: 0, hasMore: false })
    } finally {
      await client.query('rollback')
      client.release()
    }
    expect(await deleteBefore(BEFORE)).toEqual({ deleted: 3, hasMore: false })
  })
})

test('[L1] slices go before the sums of their keys, and a sum stays while a slice of it does', async () => {
  const labelled = (key: string) =>
    Cells.of([
      [key + labelsText({ plan: 'pro' }), cellOf(2)],
      [key, cellOf(1)],
    ])
  await flushAgain(START, labelled('old'), 1)
  await flushAgain(END, labelled('young'), 1)
  const rest = async () => {
    const { rows } = await stand.pool.query(
      `select (select string_agg(key, ' ' order by key) from sumdial.slices) as slices,
        (select string_agg(key, ' ' order by key) from sumdial.counters) as counters`,
    )
    return rows[0]
  }
  await makeAll()
  const client = await stand.pool.connect()
  try {
    await client.query('begin')
    await client.query(`select from sumdial.slices where key = 'old' for update`)
    await deleteBefore(BEFORE)
    expect(await rest()).toEqual({ slices: 'old young', counters: 'old young' })
  } finally {
    await client.query('rollback')
    client.release()
  }
  expect(await deleteBefore(BEFORE)).toEqual({ deleted: 2, hasMore: false })
  expect(await rest()).toEqual({ slices: 'young', counters: 'young' })
})
