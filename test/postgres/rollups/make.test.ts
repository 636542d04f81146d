import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Rollups } from '../../../src/model/rollups/rollups.ts'
import { type Stand, startStand } from '../stand.ts'
import { rollupsOneByOne } from './one-by-one.ts'

let stand: Stand
let rollups: Rollups
beforeAll(async () => {
  stand = await startStand(8)
  rollups = rollupsOneByOne(stand.postgres)
})
afterAll(() => stand?.stop())
beforeEach(async () => {
  await stand.reset()
  await rollupsBeganAgo('25 hours')
})

const rollupsBeganAgo = (interval: string) =>
  stand.pool.query(
    `update sumdial.settings set recorded_at = now() - interval '${interval}' where name = 'rollups'`,
  )

async function ask(sql: string): Promise<unknown[]> {
  const { rows } = await stand.pool.query({ text: sql, rowMode: 'array' })
  return rows
}

const put = (key: string, hour: string, sum: number | string, count = 1) =>
  stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max, updated_at) values ($1, $2, $3, $4, 1, 2, $2)`,
    [key, hour, sum, count],
  )

describe('days to make', () => {
  test('[D1] are those that ended three days ago, once roll-ups may begin', async () => {
    await put('a', '2026-01-01T00:00Z', 1)
    await put('a', '2026-01-01T23:00Z', 1)
    await put('b', '2026-03-01T00:00Z', 1)
    await stand.pool.query(
      `insert into sumdial.counters (key, hour, sum, count, min, max) select 'young',
        date_trunc('day', now(), 'UTC') - make_interval(hours => h), 1, 1, 1, 1 from generate_series(-1, 72) as h`,
    )
    expect(await rollups.daysToMake(9, 'quiet')).toEqual({
      days: ['2026-01-01', '2026-03-01'],
      count: 2,
      beginsInMs: 0,
    })
    await put('a', '2025-12-31T23:00Z', 1)
    expect(await rollups.daysToMake(2, 'quiet')).toEqual({
      days: ['2025-12-31', '2026-01-01'],
      count: 3,
      beginsInMs: 0,
    })
    await rollupsBeganAgo('23 hours')
    const { beginsInMs, ...none } = await rollups.daysToMake(2, 'quiet')
    expect(none).toEqual({ days: [], count: 0 })
    expect(Math.abs(beginsInMs - 3_600_000)).toBeLessThan(600_000)
  })
})

describe('a day made from its hours', () => {
  test('[D1] adds up its hours and no others, once', async () => {
    await put('a', '2025-12-31T23:00Z', 100)
    await put('a', '2026-01-01T00:00Z', 1)
    await put('a', '2026-01-01T23:00Z', '9223372036854775808', 3)
    await put('a', '2026-01-02T00:00Z', 1000)
    expect(await rollups.makeDay('2026-01-01')).toEqual({ kind: 'made', rows: 2 })
    expect(await ask(`select key, day::text, sum, count, min, max from sumdial.days`)).toEqual([
      ['a', '2026-01-01', '9223372036854775809', '4', '1', '2'],
    ])
    expect(await rollups.makeDay('2026-01-01')).toEqual({ kind: 'not_needed' })
  })

  test('[D1] made again, has no row of what its hours do not have any more, and leaves equal rows alone', async () => {
    const label = (key: string) =>
      stand.pool.query(
        `insert into sumdial.slices (key, hour, labels, sum, count, min, max) values ($1, '2026-01-01T05:00Z', '{"a":"b"}', 1, 1, 1, 1)`,
        [key],
      )
    for (const key of ['a', 'b']) {
      await put(key, '2026-01-01T05:00Z', 3)
      await label(key)
    }
    await rollups.makeDay('2026-01-01')
    const places = () => ask(`select key, ctid::text from sumdial.days where key = 'a'`)
    const before = await places()
    await stand.pool.query(
      `delete from sumdial.slices where key = 'b'; delete from sumdial.counters where key = 'b'`,
    )
    expect(await rollups.makeAllAgain()).toBe(1)
    expect(await rollups.makeDay('2026-01-01')).toEqual({ kind: 'made', rows: 2 })
    expect(await ask('select key from sumdial.days')).toEqual([['a']])
    expect(await ask('select key from sumdial.slice_days')).toEqual([['a']])
    expect(await places()).toEqual(before)
  })

  test.each(['1.5', 'NaN', 'Infinity'])(
    '[D1] is not, while a row of its hours has a sum of %s, so that reads go on to name that row',
    async (sum) => {
      await put('a', '2026-01-01T00:00Z', 1)
      await rollups.makeDay('2026-01-01')
      await put('b', '2026-01-01T05:00Z', sum)
      await rollups.makeAllAgain()
      expect(await rollups.makeDay('2026-01-01')).toEqual({ kind: 'unreadable' })
      expect(await ask('select state from sumdial.rollups')).toEqual([['stale']])
      // It is tried again in an hour, and the other days before that.
      expect(await rollups.daysToMake(9, 'quiet')).toEqual({ days: [], count: 0, beginsInMs: 0 })
      await stand.pool.query(`delete from sumdial.counters where key = 'b'`)
      expect(await rollups.makeDay('2026-01-01')).toEqual({ kind: 'made', rows: 1 })
    },
  )

  test('[D1] waits an hour after a late batch, and comes after those that were never made', async () => {
    for (const day of ['2026-01-01', '2026-01-02', '2026-01-03']) await put('a', `${day}T05:00Z`, 1)
    for (const day of ['2026-01-01', '2026-01-02']) await rollups.makeDay(day)
    await rollups.makeAllAgain()
    expect((await rollups.daysToMake(9, 'quiet')).days).toEqual(['2026-01-03', '2026-01-01', '2026-01-02'])
    await stand.pool.query(
      `update sumdial.rollups set changed_at = now() - interval '50 minutes' where day = '2026-01-02'`,
    )
    expect(await rollups.daysToMake(1, 'quiet')).toEqual({ days: ['2026-01-03'], count: 2, beginsInMs: 0 })
    // All of its hours are gone, by SQL.
    await stand.pool.query(`delete from sumdial.counters where hour < '2026-01-02Z'`)
    expect((await rollups.daysToMake(9, 'quiet')).days).toEqual(['2026-01-03', '2026-01-01'])
    expect(await rollups.makeDay('2026-01-01')).toEqual({ kind: 'made', rows: 0 })
    expect(await ask(`select key from sumdial.days where day = '2026-01-01'`)).toEqual([])
  })
})
