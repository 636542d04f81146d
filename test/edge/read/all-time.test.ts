import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readKeys } from '../../../src/edge/read/counters.ts'
import { parseCounterParameters } from '../../../src/edge/read/query.ts'
import { must } from '../../../src/model/assert.ts'
import { type Cell, cellOf, mergeCells } from '../../../src/model/cell.ts'
import { addHours, formatHourStart, type Hour, hourOf } from '../../../src/model/hour.ts'
import type { ReadCommitted, UnreadableRow } from '../../../src/model/read.ts'
import { periodOf, periodStart } from '../../../src/model/time/calendar.ts'
import { parseZone } from '../../../src/model/time/zone.ts'
import { eitherOf, goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 30, 15, 20)
const HOUR = hourOf(NOW)
const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11'

type Row = { readonly key: string; readonly hour: Hour; readonly sum: number }

type World = {
  readonly rows: readonly Row[]
  readonly held?: number | undefined
  readonly unreadable?: readonly UnreadableRow[]
}

/** Reads in a world of these rows, and of a shard that holds a sum of each key in the hour before. */
async function ask(search: string, { rows, held, unreadable = [] }: World) {
  const statements: string[] = []
  const readCommitted: ReadCommitted = async ({ keys, buckets, to }) => {
    statements.push('rows')
    const counters = keys.flatMap((key) => {
      const cells = new Map<Hour, Cell>()
      for (const { hour, sum } of rows.filter((row) => row.key === key && row.hour < to)) {
        const bucket = buckets.findLast((from) => from <= hour)
        if (bucket === undefined) continue
        const before = cells.get(bucket)
        cells.set(bucket, before === undefined ? cellOf(sum) : mergeCells(before, cellOf(sum)))
      }
      return cells.size === 0 ? [] : [[key, { cells, lastFlushMs: NOW }] as const]
    })
    return { counters: new Map(counters), ledger: new Map(), unreadable, coarse: [] }
  }
  const answers = await readKeys(goodOf(parseCounterParameters(search, undefined)), {
    nowMs: NOW,
    config: { shards: scheduleOf('1') },
    shards: {
      unsettled: async (shard, keys) =>
        keys.map(() => ({
          writer: WRITER,
          settledSeq: 0,
          nextSeq: 1,
          open: held === undefined || shard !== '2026-11-30T14Z/0' ? null : cellOf(held),
          parked: null,
          frozen: [],
        })),
      unsettledGroups: () => Promise.reject(new Error('no groups are asked for')),
    },
    database: {
      readCommitted,
      readGroups: () => Promise.reject(new Error('no groups are asked for')),
      firstHour: async () => {
        statements.push('first hour')
        const hours = rows.map(({ hour }) => hour)
        return hours.length === 0 ? null : (Math.min(...hours) as Hour)
      },
    },
  })
  return { answers: eitherOf(answers), statements }
}

const zones = fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York')
/** Months and years ago, also in the years that are not read month by month, and to come. */
const hours = fc
  .oneof(fc.nat(3_000), fc.nat(24 * 365 * 9), fc.nat(24 * 365 * 30))
  .map((ago) => addHours(HOUR, 100 - ago))
const worlds: fc.Arbitrary<World> = fc.record({
  rows: fc.array(
    fc.record({ key: fc.constantFrom('k', 'other'), hour: hours, sum: fc.integer({ min: -9, max: 9 }) }),
    { maxLength: 4 },
  ),
  held: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
})

test('[R1] all time by the month is what a read from its first month to now is', async () => {
  const consistencies = fc.constantFrom('fresh', 'committed')
  await fc.assert(
    fc.asyncProperty(worlds, zones, consistencies, async (world, tz, consistency) => {
      const search = `?key=k&key=other&tz=${tz}&consistency=${consistency}&bucket=month`
      const { answers } = await ask(`${search}&range=all`, world)
      const fresh = consistency === 'fresh' ? addHours(HOUR, -1) : HOUR
      const first = Math.min(fresh, ...world.rows.map(({ hour }) => hour)) as Hour
      const from = startOfMonth(first, tz)
      const since = await ask(`${search}&from=${from}&to=${formatHourStart(addHours(HOUR, 1))}`, world)
      expect(answers).toEqual(since.answers)
    }),
  )
})

/** The first hour of the month that an hour is in. */
function startOfMonth(hour: Hour, tz: string): string {
  const zone = must(parseZone(tz), 'a zone')
  return formatHourStart(periodStart(periodOf(hour, 'month', zone), 'month', zone))
}

test('all time by the month takes one statement, but for what is older than ten years', async () => {
  const young = { key: 'k', hour: addHours(HOUR, -9 * 24 * 365), sum: 1 }
  expect((await ask('?key=k&range=all', { rows: [young] })).statements).toEqual(['rows'])
  expect((await ask('?key=k&range=all', { rows: [] })).statements).toEqual(['rows'])
  const old = { ...young, hour: addHours(HOUR, -11 * 24 * 365) }
  expect((await ask('?key=k&range=all', { rows: [young, old] })).statements).toEqual([
    'rows',
    'first hour',
    'rows',
  ])
})

test('all time by another bucket asks for its beginning first, because the hours of ten years would be too many', async () => {
  const rows = [{ key: 'k', hour: addHours(HOUR, -50), sum: 1 }]
  const { answers, statements } = await ask('?key=k&range=all&bucket=hour', { rows })
  expect(statements).toEqual(['first hour', 'rows'])
  expect(answers).toMatchObject([{ from: '2026-11-28T13:00:00Z', total: { sum: 1n } }])
})

test('all time of a key of which only a row is left that is no cell begins with that row', async () => {
  const unreadable = [{ key: 'k', hour: '2026-03-05T04:00:00Z' }]
  const { answers } = await ask('?key=k&key=other&range=all', { rows: [], unreadable })
  expect(answers).toMatchObject([{ from: '2026-03-01T00:00:00Z', unreadable }, { key: 'other' }])
})
