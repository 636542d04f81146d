import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addHours, formatHourStart, type Hour, hourOf } from '../../src/model/hour.ts'
import { covers, keysUnder } from '../../src/model/key.ts'
import type { ReadFirstHour } from '../../src/model/read.ts'
import { createFirstHourReader } from '../../src/postgres/first-hour.ts'
import { type Stand, startStand } from './stand.ts'

const DAY = hourOf(Date.UTC(2026, 10, 1))

let stand: Stand
let firstHour: ReadFirstHour

beforeAll(async () => {
  stand = await startStand(4)
  firstHour = stand.inTurn(createFirstHourReader)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

type Row = { readonly key: string; readonly hour: Hour }

const STATES = ['stale', 'partial', 'good', 'gone'] as const

/** Days by number, with their states. */
type Rollups = readonly (readonly [day: number, state: (typeof STATES)[number]])[]

const dayOf = ({ hour }: Row) => Math.floor((hour - DAY) / 24)

/**
 * Puts the rows into hours, and into days where days are made. Hours of a day that is gone are deleted, or some of them.
 */
async function insert(rows: readonly Row[], rollups: Rollups = []): Promise<void> {
  const states = new Map(rollups)
  const hours = rows.filter((row) => states.get(dayOf(row)) !== 'gone' || row.hour % 3 === 0)
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
    select key, hour, 1, 1, 1, 1 from unnest($1::text[], $2::timestamptz[]) as rows (key, hour)`,
    [hours.map(({ key }) => key), hours.map(({ hour }) => formatHourStart(hour))],
  )
  const made = rows.filter((row) => ['good', 'gone'].includes(states.get(dayOf(row)) ?? ''))
  await stand.pool.query(
    `insert into sumdial.days (key, day, sum, count, min, max)
    select distinct key, (hour at time zone 'UTC')::date, 1, 1, 1, 1 from unnest($1::text[], $2::timestamptz[]) as rows (key, hour)`,
    [made.map(({ key }) => key), made.map(({ hour }) => formatHourStart(hour))],
  )
  for (const [day, state] of states) {
    await stand.pool.query('insert into sumdial.rollups (day, state) values ($1::timestamptz::date, $2)', [
      formatHourStart(addHours(DAY, 24 * day)),
      state,
    ])
  }
}

/** The first hour of the keys, or the begin of its day where that is made. */
function naiveFirst(rows: readonly Row[], rollups: Rollups, isAsked: (key: string) => boolean): Hour | null {
  const states = new Map(rollups)
  const firsts = rows
    .filter(({ key }) => isAsked(key))
    .map((row) =>
      ['good', 'gone'].includes(states.get(dayOf(row)) ?? '') ? addHours(DAY, 24 * dayOf(row)) : row.hour,
    )
  return firsts.sort((a, b) => a - b)[0] ?? null
}

const keys = fc.constantFrom('a', 'a/b', 'a/b/c', 'a!', 'a-b', 'ab/c', 'b', 'c/d')
const rows = fc.uniqueArray(
  fc.record({ key: keys, hour: fc.nat(24 * 6).map((hours) => addHours(DAY, hours)) }),
  {
    selector: ({ key, hour }) => `${hour} ${key}`,
    maxLength: 12,
  },
)
const rollups = fc
  .array(fc.option(fc.constantFrom(...STATES)), { maxLength: 7 })
  .map((states): Rollups => states.flatMap((state, day) => (state === null ? [] : [[day, state] as const])))

describe('the first hour', () => {
  test('[S2] of keys and of prefixes is that of a naive walk, also where only days are left', async () => {
    const asks = fc.array(
      fc.record({
        prefix: fc.oneof(fc.constant(''), fc.constantFrom('a/', 'x'), keys),
        grant: fc.option(keys),
      }),
      { minLength: 8, maxLength: 8 },
    )
    await fc.assert(
      fc.asyncProperty(rows, rollups, asks, async (table, states, all) => {
        await stand.reset()
        await insert(table, states)
        for (const { prefix, grant } of all) {
          const ranges = keysUnder(prefix, grant)
          if (ranges === undefined) continue
          const isAsked = (key: string) => key.startsWith(prefix) && covers(grant, key)
          expect([prefix, grant, await firstHour({ ranges })]).toEqual([
            prefix,
            grant,
            naiveFirst(table, states, isAsked),
          ])
        }
        const asked = ['a', 'c/d']
        // A key is looked up by its index, so its hours of days that are made are found too.
        const found = await firstHour({ keys: asked })
        const first = naiveFirst(table, states, (key) => asked.includes(key))
        expect(found).toBe(first)
      }),
      { numRuns: 25 },
    )
  })

  test('of what was never counted is none', async () => {
    await insert([{ key: 'a', hour: DAY }])
    expect(await firstHour({ keys: ['b'] })).toBeNull()
    expect(await firstHour({ ranges: keysUnder('b/', null) ?? [] })).toBeNull()
  })
})
