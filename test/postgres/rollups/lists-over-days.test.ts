import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readList } from '../../../src/edge/read/list.ts'
import { must } from '../../../src/model/assert.ts'
import { addHours, type Hour, hourOf } from '../../../src/model/hour.ts'
import { keysUnder } from '../../../src/model/key.ts'
import type { Listed } from '../../../src/model/read.ts'
import { LIST_SORTS } from '../../../src/model/read.ts'
import type { Where } from '../../../src/model/slices/grouping.ts'
import { type Labels, labelsText } from '../../../src/model/slices/slice.ts'
import { createFirstHourReader } from '../../../src/postgres/first-hour.ts'
import { createLister } from '../../../src/postgres/list.ts'
import { cells } from '../../support/arbitraries.ts'
import { type Asked, compareBytes, naiveList } from '../../support/naive-list.ts'
import { goodOf } from '../../support/result.ts'
import { askList } from './ask-list.ts'
import { counted, midnight, naiveCoarse, statesOf, tablesOf } from './days-model.ts'
import { DATABASES, type Database, fill, KINDS, type Row, type States } from './tables.ts'

/** More hours than are read one by one, when few of their days are made. */
const HOURS = 24 * 24
const FIRST = hourOf(Date.UTC(2026, 2, 14))
const NOW = Date.UTC(2026, 3, 6, 22, 20)

const keys = fc
  .array(fc.constantFrom('a', 'b', 'a!', 'é', '%'), { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/'))
const labels: fc.Arbitrary<Labels> = fc.record(
  { plan: fc.constantFrom('pro', 'free', 'pro:plus'), kind: fc.constantFrom('in', 'out') },
  { requiredKeys: [] },
)
/** Keys and slices. */
const named = fc.tuple(keys, labels).map(([key, own]) => `${key}${labelsText(own)}`)

/** Conditions on labels, of which at least one has no place for what carries none. */
const PRO: Where = { name: 'plan', values: ['pro'] }
const FREE_OR_PRO: Where = { name: 'plan', values: ['free', 'pro', 'none'] }
const NO_KIND: Where = { name: 'kind', values: [null] }

const hours = fc.nat(HOURS - 1).map((after) => addHours(FIRST, after))

const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.record({ key: named, hour: hours, cell: cells, updatedMs: fc.integer({ min: NOW - 1e9, max: NOW }) }),
  { minLength: 100, maxLength: 200, size: 'max' },
)

/** Days of which many, few or none are made. */
const states: fc.Arbitrary<States> = fc
  .tuple(statesOf(FIRST, HOURS, hourOf(NOW)), fc.constantFrom(1, 1, 4, 30))
  .map(([all, part]) => new Map([...all].filter(([day]) => day % part === 0)))

const lists: fc.Arbitrary<Asked> = fc.record({
  prefix: fc.constantFrom('', '', 'a', 'a/', 'a/b', 'é/'),
  grant: fc.constantFrom(null, null, 'a', 'a/b'),
  contains: fc.constantFrom(null, null, null, 'b', '/'),
  where: fc.constantFrom(
    [],
    [],
    [PRO],
    [PRO, NO_KIND],
    [{ name: 'kind', values: ['in', null] }, PRO],
    [FREE_OR_PRO],
  ),
  from: fc.oneof(hours, hours, hours.map(midnight), fc.constant(FIRST)),
  to: fc.oneof(hours, hours, hours.map(midnight), fc.constant(addHours(FIRST, HOURS))),
  sort: fc.constantFrom(...LIST_SORTS),
  depth: fc.constantFrom(null, null, 1, 2),
})

describe.each(KINDS)('%s', (name) => {
  let database: Database

  beforeAll(async () => {
    database = await must(DATABASES[name], 'a kind')(NOW)
  })

  afterAll(() => database?.stop())

  const ask = (asked: Asked, limit: number, after: string | null): Promise<Listed> =>
    askList(database.postgres, asked, limit, after)

  test('[D1] a list equals a naive walk over hours, on every page, whatever states the days have', async () => {
    let byDays = 0
    await fc.assert(
      fc.asyncProperty(
        rows,
        states,
        fc.array(lists, { minLength: 10, maxLength: 10 }),
        async (all, made, asks) => {
          await fill(database, tablesOf(all, made, NOW))
          const truth = counted(all, made).map(({ updatedMs, ...row }) => ({ ...row, flushMs: updatedMs }))
          for (const asked of asks) {
            const { from, to, prefix, grant } = asked
            const expected = keysUnder(prefix, grant) === undefined ? [] : naiveList(truth, asked)
            const coarse = from < to ? naiveCoarse(made, { buckets: [from], to }) : []
            byDays += made.size > 0 && expected.length > 0 ? 1 : 0
            const whole = await ask(asked, 1000, null)
            expect(whole.items).toEqual(expected)
            if (keysUnder(prefix, grant) !== undefined) expect(whole.coarse).toEqual(coarse)
            expect((await ask(asked, 2, null)).items).toEqual(expected.slice(0, 2))
            if (asked.sort !== 'key') continue
            const after = expected[Math.floor(expected.length / 2)]?.key ?? 'a'
            const above = expected.filter(({ key }) => compareBytes(key, after) > 0)
            expect((await ask(asked, 3, after)).items).toEqual(above.slice(0, 3))
          }
        },
      ),
      { numRuns: 12 },
    )
    // Else days would hardly ever be asked. On average some 37 of the 120 lists have items where days are made.
    expect(byDays).toBeGreaterThan(2)
  })

  test('[D1] turning the pages misses no key that has only days, and repeats none', async () => {
    const gone = hourOf(Date.UTC(2026, 2, 20))
    const row = (key: string, hour: Hour): Row => ({
      key,
      hour,
      cell: { sum: 1n, count: 1, min: 1, max: 1 },
      updatedMs: NOW,
    })
    const all = Array.from({ length: 40 }, (_, i) => `k/${String(i).padStart(2, '0')}`)
    const [old, young] = [all.filter((_, i) => i % 3 !== 0), all.filter((_, i) => i % 3 !== 1)]
    await fill(database, {
      rows: young.map((key) => row(key, hourOf(NOW))),
      days: old.map((key) => row(key, gone)),
      states: new Map([[gone / 24, 'gone']]),
    })
    const asked = {
      prefix: 'k/',
      grant: null,
      contains: null,
      where: [],
      from: FIRST,
      to: addHours(FIRST, HOURS),
    }
    const shown: string[] = []
    for (let after: string | null = null; ; ) {
      const { items }: Listed = await ask({ ...asked, sort: 'key', depth: null }, 7, after)
      shown.push(...items.map(({ key }) => key))
      after = items.at(-1)?.key ?? null
      if (items.length < 7) break
    }
    expect(shown).toEqual(all)
  })

  test('[D1] an answer names the days that an edge cuts because their hours are gone, and no others', async () => {
    const day = hourOf(Date.UTC(2026, 2, 20))
    const row = { key: 'k', hour: day, cell: { sum: 7n, count: 1, min: 7, max: 7 }, updatedMs: NOW }
    await fill(database, { rows: [], days: [row], states: new Map([[day / 24, 'gone']]) })
    const answer = async (from: string, to: string) => {
      const { postgres } = database
      const ports = { list: createLister(postgres), firstHour: createFirstHourReader(postgres) }
      return goodOf(await readList(`?prefix=&from=${from}&to=${to}`, null, NOW, ports))
    }
    const whole = await answer('2026-03-20T00:00:00Z', '2026-03-21T00:00:00Z')
    expect(whole.items).toMatchObject([{ sum: 7n }])
    expect(whole).not.toHaveProperty('coarse')
    const coarse = [{ from: '2026-03-20T00:00:00Z', to: '2026-03-21T00:00:00Z' }]
    const cutAtItsEnd = await answer('2026-03-18T00:00:00Z', '2026-03-20T06:00:00Z')
    expect(cutAtItsEnd).toMatchObject({ items: [{ sum: 7n }], coarse })
    expect(await answer('2026-03-20T06:00:00Z', '2026-03-22T00:00:00Z')).toMatchObject({ items: [], coarse })
  })
})
