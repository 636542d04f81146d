import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cellOf } from '../../../src/model/cell.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import { createRetention } from '../../../src/postgres/retention.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { type Stand, startStand } from '../stand.ts'
import { batchOf, dayOf, hourIn } from './deeds.ts'
import { rollupsOneByOne } from './one-by-one.ts'
import { keepTruth, wrongReads } from './truth.ts'

const APPLIED = { kind: 'applied' }
const pro = (key: string) => key + labelsText({ plan: 'pro' })

let stand: Stand
beforeAll(async () => {
  stand = await startStand(8)
  await keepTruth((sql) => stand.pool.query(sql))
})
afterAll(() => stand?.stop())
beforeEach(async () => {
  await stand.reset()
  await stand.pool.query('truncate truth')
})

async function ask(sql: string): Promise<unknown[]> {
  return (await stand.pool.query({ text: sql, rowMode: 'array' })).rows
}

const wrong = () => wrongReads(async (sql) => (await stand.pool.query(sql)).rows)
const marks = () => ask('select day::text, state, changed::int from sumdial.rollups order by day')
const sentTexts = () => stand.faults.log.flatMap(({ statements }) => statements.map(({ text }) => text))

/** A sink of a sender whose clock is so wrong. */
function sinkOff(ms: number) {
  const { clock } = stand.postgres
  return createSink({ ...stand.postgres, clock: { ...clock, now: () => clock.now() + ms } })
}

describe('a batch', () => {
  test('[D1] of a young hour marks nothing, and its statement has no part in roll-ups', async () => {
    for (const hours of [3, 0, -47]) {
      expect(
        await stand.sink.apply(batchOf(addHours(hourOf(Date.now()), hours), [['a', cellOf(1)]])),
      ).toEqual(APPLIED)
    }
    expect(await marks()).toEqual([])
    expect(sentTexts().filter((text) => /rollups|days/.test(text))).toEqual([])
  })

  test.each([0, -400, 400])(
    '[D1] is old by the clock of Postgres, whatever that of the sender says (off by %i days)',
    async (days) => {
      const sink = sinkOff(days * 86_400_000)
      for (const seq of [1, 2]) {
        const old = batchOf(
          addHours(hourOf(Date.now()), -48),
          [['a', cellOf(1)]],
          '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11',
          seq,
        )
        expect(await sink.apply(old)).toEqual(APPLIED)
        expect(await sink.apply(old)).toEqual(APPLIED)
      }
      expect(await marks()).toMatchObject([[expect.any(String), 'stale', 2]])
      await sink.apply(batchOf(hourOf(Date.now()), [['a', cellOf(1)]]))
      expect(await marks()).toHaveLength(1)
      expect(await stand.sums()).toBeDefined()
      expect(await ask('select sum(sum)::int from sumdial.counters')).toEqual([[3]])
    },
  )

  test('[D1] takes back that a day is good, and a roll-up then makes it again', async () => {
    const rollups = rollupsOneByOne(stand.postgres)
    await stand.sink.apply(
      batchOf(hourIn(0), [
        ['a', cellOf(1)],
        [pro('a'), cellOf(2)],
      ]),
    )
    expect(await rollups.makeDay(dayOf(0))).toEqual({ kind: 'made', rows: 2 })
    await stand.sink.apply(
      batchOf(hourIn(0, 23), [
        ['b', cellOf(5)],
        [pro('a'), cellOf(3)],
      ]),
    )
    expect(await marks()).toEqual([[dayOf(0), 'stale', 2]])
    expect(await wrong()).toEqual([])
    expect(await rollups.makeDay(dayOf(0))).toEqual({ kind: 'made', rows: 5 })
    expect(
      await ask('select key, sum::int, count::int, min::int, max::int from sumdial.days order by key'),
    ).toEqual([
      ['a', 6, 3, 1, 3],
      ['b', 5, 1, 5, 5],
    ])
    expect(await ask('select key, labels, sum::int from sumdial.slice_days')).toEqual([
      ['a', { plan: 'pro' }, 5],
    ])
    expect(await wrong()).toEqual([])
  })

  test.each([
    ['plain', [['a', cellOf(7)]]],
    [
      'labelled',
      [
        ['a', cellOf(7)],
        [pro('a'), cellOf(8)],
        [pro('b'), cellOf(9)],
      ],
    ],
  ] as const)(
    '[D1] that is %s and comes when its hours are gone counts in the days, once',
    async (_, cells) => {
      const rollups = rollupsOneByOne(stand.postgres)
      await stand.sink.apply(
        batchOf(hourIn(0), [
          ['a', cellOf(1)],
          [pro('a'), cellOf(2)],
        ]),
      )
      await rollups.makeDay(dayOf(0))
      expect(await createRetention(stand.postgres)(hourIn(1))).toEqual({ deleted: 2, hasMore: false })
      expect(await wrong()).toEqual([])
      const late = batchOf(hourIn(0), cells)
      for (let copy = 0; copy < 2; copy++) expect(await stand.sink.apply(late)).toEqual(APPLIED)
      expect(await wrong()).toEqual([])
      // No roll-up makes it from what retention has left.
      expect(await rollups.makeDay(dayOf(0))).toEqual({ kind: 'not_needed' })
      expect(await marks()).toEqual([[dayOf(0), 'gone', 2]])
      expect(await wrong()).toEqual([])
      await createRetention(stand.postgres)(hourIn(1))
      expect(await ask('select count(*)::int from sumdial.counters')).toEqual([[0]])
      expect(await wrong()).toEqual([])
    },
  )

  test('[P3] [D1] that waits for a row holds up no other batch of its day', async () => {
    const { sink, pool } = stand
    await sink.apply(batchOf(hourIn(0, 1), [['a', cellOf(1)]]))
    const client = await pool.connect()
    try {
      await client.query('begin')
      await client.query(`update sumdial.counters set count = count where key = 'a'`)
      const waiting = sink.apply(batchOf(hourIn(0, 1), [['a', cellOf(1)]]))
      await isWaiting()
      expect(
        await createSink(stand.over('TCP')).apply(batchOf(hourIn(0, 2), [['a', cellOf(1)]]), 4_000),
      ).toEqual(APPLIED)
      await client.query('commit')
      expect(await waiting).toEqual(APPLIED)
    } finally {
      client.release()
    }
  })
})

/** Until a statement waits for a row. */
async function isWaiting(): Promise<void> {
  for (;;) {
    const [row] = await ask(`select count(*)::int from pg_locks where not granted`)
    if ((row as [number])[0] > 0) return
  }
}
