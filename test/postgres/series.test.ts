import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { must } from '../../src/model/assert.ts'
import type { Cell } from '../../src/model/cell.ts'
import { mergeCells } from '../../src/model/cell.ts'
import { addHours, formatHourStart, type Hour, hourOf } from '../../src/model/hour.ts'
import { covers, keysUnder } from '../../src/model/key.ts'
import type { ReadSeries } from '../../src/model/read.ts'
import { type Bucket, bucketsOf, UNITS } from '../../src/model/time/calendar.ts'
import { parseZone, UTC } from '../../src/model/time/zone.ts'
import { createSeriesReader } from '../../src/postgres/reader.ts'
import { cells } from '../support/arbitraries.ts'
import { casesOf } from '../support/thorough.ts'
import { type Stand, startStand } from './stand.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))
const HOURS = 100
const ZONES = [UTC, must(parseZone('Asia/Kolkata'), 'the zone')]

let stand: Stand
let readSeries: ReadSeries

beforeAll(async () => {
  stand = await startStand(4)
  readSeries = stand.inTurn(createSeriesReader)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

type Row = { readonly key: string; readonly hour: Hour; readonly cell: Cell }

async function insert(rows: readonly Row[]): Promise<void> {
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max) select * from unnest(
$1::text[], $2::timestamptz[], $3::numeric[], $4::bigint[], $5::bigint[], $6::bigint[])`,
    [
      rows.map(({ key }) => key),
      rows.map(({ hour }) => formatHourStart(hour)),
      rows.map(({ cell }) => String(cell.sum)),
      ...(['count', 'min', 'max'] as const).map((name) => rows.map(({ cell }) => cell[name])),
    ],
  )
}

/** By a loop over all rows that knows nothing of ranges or SQL. */
function naiveSeries(
  rows: readonly Row[],
  isAsked: (key: string) => boolean,
  buckets: readonly Bucket[],
  to: Hour,
) {
  const sums = new Map<Hour, Cell>()
  for (const { key, hour, cell } of rows) {
    const bucket = buckets.findLast(({ from }) => from <= hour)
    if (!isAsked(key) || bucket === undefined || hour >= to) continue
    const before = sums.get(bucket.from)
    sums.set(bucket.from, before === undefined ? cell : mergeCells(before, cell))
  }
  return sums
}

const segments = fc.constantFrom('', 'a', 'b', 'a!', 'a-b', '\u{10ffff}', '𝄞')
const keys = fc
  .array(segments, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
  .filter((key) => key !== '')
const hours = fc.integer({ min: 0, max: HOURS }).map((back) => addHours(HOUR, -back))

test('[S2] [A2] a series equals a naive model, whatever is in the table and whatever is asked', async () => {
  const tables = fc.uniqueArray(fc.record({ key: keys, hour: hours, cell: cells }), {
    selector: ({ key, hour }) => `${hour} ${key}`,
    minLength: 60,
    maxLength: 100,
  })
  const times = fc.record({ unit: fc.constantFrom(...UNITS), zone: fc.constantFrom(...ZONES) })
  const anything = fc.record({
    prefix: fc.oneof(
      fc.constant(''),
      keys,
      keys.map((key) => `${key}/`),
    ),
    grant: fc.option(keys, { freq: 2 }),
    from: hours,
    to: hours,
  })
  /** Of a row that is there, by the start of its key's text and a grant of some of its segments. */
  const found = fc.record({ row: fc.nat(), letters: fc.nat(), segments: fc.nat() })
  const asks = fc.array(fc.tuple(fc.oneof(anything, found), times), { minLength: 15, maxLength: 15 })
  await fc.assert(
    fc.asyncProperty(tables, asks, async (rows, all) => {
      await stand.reset()
      await insert(rows)
      for (const [asked, { unit, zone }] of all) {
        const { prefix, grant, from, to } = 'row' in asked ? askOf(rows, asked) : asked
        const ranges = keysUnder(prefix, grant)
        if (ranges === undefined || from >= to) continue
        const buckets = bucketsOf({ from, to }, unit, zone)
        const hours = buckets.map((each) => each.from)
        const read = await readSeries({ name: prefix, ranges, buckets: hours, to, writers: [] })
        const isAsked = (key: string) => key.startsWith(prefix) && covers(grant, key)
        const expected = naiveSeries(rows, isAsked, buckets, to)
        if ('row' in asked) expect(expected.size).toBeGreaterThan(0)
        expect(read.counters.get(prefix)?.cells ?? new Map()).toEqual(expected)
      }
    }),
    { numRuns: casesOf(15) },
  )
})

/** Asks for what a row is in, over all hours. Prefixes and grants that are drawn apart hardly ever meet. */
function askOf(rows: readonly Row[], at: { row: number; letters: number; segments: number }) {
  const { key } = must(rows[at.row % rows.length], 'a row')
  const letters = [...key]
  const segments = key.split('/')
  return {
    prefix: letters.slice(0, at.letters % (letters.length + 1)).join(''),
    grant: segments.slice(0, 1 + (at.segments % segments.length)).join('/') || key,
    from: addHours(HOUR, -HOURS),
    to: addHours(HOUR, 1),
  }
}
