import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import { claimAndApply } from '../../../src/postgres/apply.ts'
import { createRetention } from '../../../src/postgres/retention.ts'
import { claimDay, fillDay } from '../../../src/postgres/rollups/make.ts'
import { type Stand, startStand, WAYS } from '../stand.ts'
import { batchOf, dayOf, hourIn } from './deeds.ts'
import { rollupsOneByOne } from './one-by-one.ts'
import { keepTruth, wrongReads } from './truth.ts'

const APPLIED = { kind: 'applied' }

let stand: Stand
beforeAll(async () => {
  stand = await startStand(12)
  await keepTruth((sql) => stand.pool.query(sql))
})
afterAll(() => stand?.stop())
beforeEach(async () => {
  await stand.reset()
  await stand.pool.query('truncate truth')
})

const wrong = () => wrongReads(async (sql) => (await stand.pool.query(sql)).rows)
const states = async () =>
  (await stand.pool.query('select state from sumdial.rollups order by day')).rows.map((row) => row.state)

const CELLS: KeyedCell[] = [
  ['a', cellOf(1)],
  [`a${labelsText({ plan: 'pro' })}`, cellOf(2)],
  ['b', cellOf(3)],
]

const count = (day = 0, hour = 0) => stand.sink.apply(batchOf(hourIn(day, hour), CELLS))

/** Until somebody waits for a lock. */
async function somebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await stand.pool.query('select count(*)::int as n from pg_locks where not granted')
    if (rows[0].n > 0) return
  }
}

describe('a roll-up', () => {
  test.each([1, 2])(
    '[D1] whose connection is cut after statement %i leaves the day as it was',
    async (statements) => {
      expect(await count()).toEqual(APPLIED)
      const client = await stand.pool.connect()
      await client.query('begin isolation level read committed')
      for (const { sql, params } of [claimDay(dayOf(0)), fillDay(dayOf(0), 9)].slice(0, statements))
        await client.query(sql, params)
      client.release(true)
      const { makeDay } = rollupsOneByOne(stand.postgres)
      expect(await wrong()).toEqual([])
      expect(await makeDay(dayOf(0))).toEqual({ kind: 'made', rows: 3 })
      expect(await wrong()).toEqual([])
      expect(await states()).toEqual(['good'])
    },
  )

  test.each(WAYS)(
    '[D1] that waited for a late batch takes in what the batch was for, over %s',
    async (way) => {
      await count(0, 1)
      const client = await stand.pool.connect()
      await client.query('begin')
      const { sql, params } = claimAndApply(batchOf(hourIn(0), CELLS), 'any')
      await client.query(sql, params)
      const made = rollupsOneByOne(stand.over(way)).makeDay(dayOf(0))
      await somebodyWaits()
      await client.query('commit')
      client.release()
      expect(await made).toEqual({ kind: 'made', rows: 6 })
      expect(await wrong()).toEqual([])
      expect(await states()).toEqual(['good'])
    },
  )

  test('[D1] of a day that is being made elsewhere has nothing to do, and a late batch takes back what it made', async () => {
    await count()
    const client = await stand.pool.connect()
    await client.query('begin')
    for (const { sql, params } of [claimDay(dayOf(0)), fillDay(dayOf(0), 9)]) await client.query(sql, params)
    const twin = rollupsOneByOne(stand.postgres).makeDay(dayOf(0))
    await somebodyWaits()
    const late = count(0, 5)
    await client.query('commit')
    client.release()
    expect((await twin).kind).toMatch(/^(not_needed|made)$/)
    expect(await late).toEqual(APPLIED)
    expect(await wrong()).toEqual([])
  })
})

describe('a day of many keys, made in pieces', () => {
  const pieces = () => rollupsOneByOne(stand.postgres, 1)
  const many = (from: number, to: number) =>
    stand.sink.apply(
      batchOf(
        hourIn(0),
        Array.from({ length: to - from }, (_, i): KeyedCell => [`k${from + i}`, cellOf(1)]),
      ),
    )

  async function makeAll(): Promise<readonly string[]> {
    const kinds: string[] = []
    do {
      kinds.push((await pieces().makeDay(dayOf(0))).kind)
      expect(await wrong()).toEqual([])
    } while (kinds.at(-1) === 'partly_made')
    return kinds
  }

  test('[D1] is read from its hours until its last piece is made, and then equals them', async () => {
    await many(0, 6)
    const kinds = await makeAll()
    expect(kinds.length).toBeGreaterThan(2)
    expect(kinds.at(-1)).toBe('made')
    expect(await states()).toEqual(['good'])
    const { rows } = await stand.pool.query('select key, sum::int from sumdial.days order by key')
    expect(rows).toEqual(Array.from({ length: 6 }, (_, i) => ({ key: `k${i}`, sum: 1 })))
  })

  test.each(['a late batch', 'a cell removed by hand', 'days that are all to be made again'])(
    '[D1] begins anew after %s between two pieces',
    async (change) => {
      await many(0, 6)
      const { makeDay, makeAllAgain } = pieces()
      for (const isFirst of [true, false])
        expect(await makeDay(dayOf(0))).toMatchObject({ kind: 'partly_made', isFirst })
      expect(await states()).toEqual(['partial'])
      // Of keys that are made already.
      if (change === 'a late batch') await many(0, 2)
      else if (change === 'a cell removed by hand') {
        await stand.pool.query(
          `update sumdial.rollups set state = 'stale'; delete from sumdial.counters where key = 'k0'; delete from truth where key = 'k0'`,
        )
      } else expect(await makeAllAgain()).toBe(1)
      expect(await makeDay(dayOf(0))).toMatchObject({ kind: 'partly_made', isFirst: true })
      expect((await makeAll()).at(-1)).toBe('made')
      expect(await states()).toEqual(['good'])
    },
  )

  test('[D1] has pieces of whole keys, also where one has more slices than a piece has rows', async () => {
    const slices = Array.from(
      { length: 5 },
      (_, i): KeyedCell => [`b${labelsText({ n: String(i) })}`, cellOf(1)],
    )
    await stand.sink.apply(batchOf(hourIn(0), [['a', cellOf(1)], ...slices, ['c', cellOf(1)]]))
    expect((await makeAll()).at(-1)).toBe('made')
    const { rowCount } = await stand.pool.query('select from sumdial.slice_days')
    expect(rowCount).toBe(5)
  })
})

describe('retention', () => {
  test.each([0, 1, 2, 3])(
    '[D1] that is cut off after %i statements leaves no day that is then made from what is left',
    async (statements) => {
      const { makeDay } = rollupsOneByOne(stand.postgres)
      for (const day of [0, 1]) {
        await count(day)
        await makeDay(dayOf(day))
      }
      let left = statements
      stand.faults.inject({ kind: 'answer-500', match: () => left-- <= 0, times: Number.POSITIVE_INFINITY })
      await createRetention(stand.postgres)(hourIn(2)).catch(() => undefined)
      stand.faults.clear()
      expect(await wrong()).toEqual([])
      expect(await count(0, 3)).toEqual(APPLIED)
      expect(await wrong()).toEqual([])
      for (const day of [0, 1]) await makeDay(dayOf(day))
      expect(await wrong()).toEqual([])
      await createRetention(stand.postgres)(hourIn(2))
      expect(await wrong()).toEqual([])
      expect(await states()).toEqual(['gone', 'gone'])
      expect((await stand.pool.query('select from sumdial.counters')).rowCount).toBe(0)
    },
  )
})
