import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FIRST_OF_ALL } from '../../../src/edge/read/all-time.ts'
import { must } from '../../../src/model/assert.ts'
import type { Cell } from '../../../src/model/cell.ts'
import { mergeCells } from '../../../src/model/cell.ts'
import { addHours, formatHourStart, type Hour, type HourRange, hourOf } from '../../../src/model/hour.ts'
import { keysFrom } from '../../../src/model/key.ts'
import type { CommittedCounter } from '../../../src/model/read.ts'
import { keyOf, labelsText } from '../../../src/model/slices/slice.ts'
import { bucketsOf, UNITS, type Unit } from '../../../src/model/time/calendar.ts'
import { parseZone, type Zone } from '../../../src/model/time/zone.ts'
import { createGroupsReader } from '../../../src/postgres/groups.ts'
import { createLabelLister } from '../../../src/postgres/labels.ts'
import { createReader, createSeriesReader } from '../../../src/postgres/reader.ts'
import { cells } from '../../support/arbitraries.ts'
import { casesOf } from '../../support/thorough.ts'
import { counted, midnight, naiveCoarse, statesOf, tablesOf } from './days-model.ts'
import { addedUp, DATABASES, type Database, dayOf, fill, KINDS, type Row, type States } from './tables.ts'

const FIRST = hourOf(Date.UTC(2026, 2, 8))
const HOURS = 30 * 24
const END = addHours(FIRST, HOURS)
const NOW = Date.UTC(2026, 3, 6, 22, 20)
const KEYS = ['a', 'a/b', 'c']
/** Their clocks are turned in these days, or count half hours. */
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Chatham'].map((name) =>
  must(parseZone(name), 'a zone'),
)

const hours = fc.nat(HOURS - 1).map((after) => addHours(FIRST, after))

const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    key: fc
      .tuple(fc.constantFrom(...KEYS), fc.constantFrom(undefined, { kind: 'in' }, { kind: 'out', to: 'x' }))
      .map(([key, labels]) => key + labelsText(labels)),
    hour: hours,
    cell: cells,
    updatedMs: fc.integer({ min: NOW - 1e9, max: NOW }),
  }),
  { minLength: 100, maxLength: 200 },
)

const states = statesOf(FIRST, HOURS, hourOf(NOW))

const firstIsGone = states.map((all): States => new Map([...all, [dayOf(FIRST), 'gone']]))

const asks = fc.record({
  from: fc.oneof(hours, hours.map(midnight)),
  to: fc.oneof(hours, fc.constant(END), hours.map(midnight)),
  unit: fc.option(fc.constantFrom(...UNITS), { freq: 4 }),
  zone: fc.constantFrom(...ZONES),
  /** Whether all that was before is read too, as one bucket. */
  isAllTime: fc.boolean(),
  /** Hours in between that are not read, as between two periods that are compared: where they begin and end, in percent. */
  gap: fc.option(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 })), { freq: 2 }),
})

type Question = { readonly buckets: readonly Hour[]; readonly to: Hour; readonly gap?: HourRange | undefined }

/** @returns undefined where nothing is left between, before or after. */
function gapIn({ from, to }: HourRange, parts: readonly number[]): HourRange | undefined {
  const [begin = from, end = to] = parts
    .toSorted((a, b) => a - b)
    .map((part) => addHours(from, Math.floor(((to - from) * part) / 100)))
  return from < begin && begin < end && end < to ? { from: begin, to: end } : undefined
}

/** The buckets of a range; or of two periods, with a bucket between them that is not read. */
function bucketsAround(
  range: HourRange,
  gap: HourRange | undefined,
  unit: Unit | null,
  zone: Zone,
): readonly Hour[] {
  const bucketsIn = (own: HourRange) =>
    unit === null ? [own.from] : bucketsOf(own, unit, zone).map((bucket) => bucket.from)
  if (gap === undefined) return bucketsIn(range)
  return [...bucketsIn({ ...range, to: gap.from }), gap.from, ...bucketsIn({ ...range, from: gap.to })]
}

/** By a walk over all rows that knows nothing of days, segments or SQL. */
function naive(
  all: readonly Row[],
  isAsked: (key: string) => boolean,
  { buckets, to, gap }: Question,
): CommittedCounter | undefined {
  const cells = new Map<Hour, Cell>()
  let lastFlushMs = 0
  for (const { key, hour, cell, updatedMs } of all) {
    const bucket = buckets.findLast((from) => from <= hour)
    if (gap !== undefined && hour >= gap.from && hour < gap.to) continue
    if (!isAsked(key.split('\u001f')[0] ?? '') || bucket === undefined || hour >= to) continue
    const before = cells.get(bucket)
    cells.set(bucket, before === undefined ? cell : mergeCells(before, cell))
    lastFlushMs = Math.max(lastFlushMs, updatedMs)
  }
  return cells.size === 0 ? undefined : { cells, lastFlushMs }
}

describe.each(KINDS)('%s', (name) => {
  let database: Database

  beforeAll(async () => {
    database = await must(DATABASES[name], 'a kind')(NOW)
  })

  afterAll(() => database?.stop())

  /** All kinds of reads by bucket. */
  async function read(question: Question) {
    const { postgres } = database
    const rows = { ...question, writers: [] }
    const grouping = { by: 'kind', where: [] }
    const all = { name: 'all', ranges: [keysFrom('a')] }
    return {
      keys: await createReader(postgres)({ ...rows, keys: KEYS }),
      series: await createSeriesReader(postgres)({ ...rows, ...all }),
      groups: await createGroupsReader(postgres)({ ...rows, ...grouping, keys: KEYS }),
      'groups of a prefix': await createGroupsReader(postgres)({ ...rows, ...grouping, ...all }),
    }
  }

  const labels = (from: Hour, to: Hour) =>
    createLabelLister(database.postgres)({ ranges: [keysFrom('a')], from, to, names: 9, values: 9 })

  test('[D1] a read equals a naive walk over hours, whatever states the days have and however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        states,
        fc.array(asks, { minLength: 10, maxLength: 10 }),
        async (all, states, asked) => {
          const truth = counted(all, states)
          const questions = asked.flatMap(({ from, to, unit, zone, isAllTime, gap: between }) => {
            if (from >= to) return []
            const gap = gapIn({ from, to }, between ?? [])
            const buckets = bucketsAround({ from, to }, gap, unit, zone)
            return [{ buckets: isAllTime ? [FIRST_OF_ALL, ...buckets] : buckets, from, to, gap }]
          })
          await fill(database, tablesOf(all, states, NOW))
          const found = []
          for (const { from, ...question } of questions) {
            found.push({ reads: await read(question), labels: await labels(from, question.to) })
          }
          await fill(database, { rows: truth, days: [], states: new Map() })
          for (const [i, question] of questions.entries()) {
            const { buckets, from, to, gap } = question
            const { reads, labels: listed } = must(found[i], 'an answer')
            for (const key of KEYS) {
              expect(reads.keys.counters.get(key)).toEqual(naive(truth, (own) => own === key, question))
            }
            const isUnder = (key: string) => key.startsWith('a')
            expect(reads.series.counters.get('all')).toEqual(naive(truth, isUnder, question))
            const coarse = naiveCoarse(states, question)
            const fromHours = Object.entries(await read({ buckets, to, gap })).map(([kind, own]) => [
              kind,
              { ...own, coarse },
            ])
            expect(reads).toEqual(Object.fromEntries(fromHours))
            const inRange = naiveCoarse(states, { buckets: [from], to })
            expect(listed).toEqual({ ...(await labels(from, to)), coarse: inRange })
          }
        },
      ),
      { numRuns: casesOf(12) },
    )
  })

  test('[D1] [L1] the views by day, of labels and of all time equal those from hours, whatever states the days have', async () => {
    const views = async () => ({
      daily: await database.query(
        'select key, day::text, sum::text, count::text, min, max from sumdial.daily order by key, day',
      ),
      sliced: await database.query(
        'select key, day::text, labels, sum::text, count::text, min, max from sumdial.sliced_daily order by key, day, labels',
      ),
      totals: await database.query('select *, sum::text from sumdial.totals order by key'),
      oneDay: await database.query(
        "select key, sum::text, count::text from sumdial.daily where key = 'a' and day = '2026-03-25'",
      ),
    })
    await fc.assert(
      fc.asyncProperty(rows, firstIsGone, async (all, states) => {
        await fill(database, tablesOf(all, states, NOW))
        const found = await views()
        await fill(database, { rows: counted(all, states), days: [], states: new Map() })
        expect(found).toEqual(await views())
        const byDay = addedUp(
          all.map((row) => ({ ...row, key: keyOf(row.key) })),
          'day',
        )
        const naiveDaily = byDay.map(({ key, hour, cell }) => ({
          key,
          day: formatHourStart(hour).slice(0, 10),
          sum: String(cell.sum),
          count: String(cell.count),
        }))
        expect(found.daily).toHaveLength(naiveDaily.length)
        expect(found.daily).toEqual(
          expect.arrayContaining(naiveDaily.map((row) => expect.objectContaining(row))),
        )
        expect(found.sliced.filter((row) => row['count'] === '0')).toEqual([])
        const sums = Map.groupBy(found.sliced, (row) => `${row['key']} ${row['day']}`)
        for (const { key, day, sum } of naiveDaily) {
          const parts = (sums.get(`${key} ${day}`) ?? []).map((row) => BigInt(String(row['sum'])))
          expect(String(parts.reduce((a, b) => a + b, 0n))).toBe(sum)
        }
      }),
      { numRuns: casesOf(12), endOnFailure: true },
    )
  })
})
