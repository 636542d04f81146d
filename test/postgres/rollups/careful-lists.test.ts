import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { must } from '../../../src/model/assert.ts'
import { addHours, formatHourStart, type Hour, hourOf } from '../../../src/model/hour.ts'
import { covers } from '../../../src/model/key.ts'
import type { Listed } from '../../../src/model/read.ts'
import { LIST_SORTS } from '../../../src/model/read.ts'
import { cells } from '../../support/arbitraries.ts'
import { type Asked, compareBytes, naiveList } from '../../support/naive-list.ts'
import { askList } from './ask-list.ts'
import { midnight, statesOf, tablesOf } from './days-model.ts'
import { addedUp, DATABASES, type Database, dayOf, fill, KINDS, type Row, type States } from './tables.ts'

/** More hours than are read one by one, when few of their days are made. */
const HOURS = 24 * 24
const FIRST = hourOf(Date.UTC(2026, 2, 14))
const NOW = Date.UTC(2026, 3, 6, 22, 20)

/** Ways in which somebody's SQL may change a row, so that it is no cell any more. */
const CHANGES = [
  'sum = 1.5',
  `sum = 'NaN'`,
  `sum = 'Infinity'`,
  'count = 9007199254740993',
  `updated_at = 'infinity'`,
]

const keys = fc.constantFrom('a', 'a!', 'a/b', 'a/b/c', 'b', 'b/a', 'é/a')
const hours = fc.nat(HOURS - 1).map((after) => addHours(FIRST, after))

const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.record({ key: keys, hour: hours, cell: cells, updatedMs: fc.integer({ min: NOW - 1e9, max: NOW }) }),
  { minLength: 100, maxLength: 200, size: 'max' },
)

/** Days of which many or few are made. */
const states: fc.Arbitrary<States> = fc
  .tuple(statesOf(FIRST, HOURS, hourOf(NOW)), fc.constantFrom(1, 1, 4))
  .map(([all, part]) => new Map([...all].filter(([day]) => day % part === 0)))

const lists: fc.Arbitrary<Asked> = fc.record({
  prefix: fc.constantFrom('', '', 'a', 'a/', 'b'),
  grant: fc.constantFrom(null, null, 'a'),
  where: fc.constant([]),
  contains: fc.constantFrom(null, null, 'b'),
  from: fc.oneof(hours, hours.map(midnight), fc.constant(FIRST)),
  to: fc.oneof(hours, hours.map(midnight), fc.constant(addHours(FIRST, HOURS))),
  sort: fc.constantFrom(...LIST_SORTS),
  depth: fc.constantFrom(null, null, 1),
})

/** A list of everything, because a narrow one may have no row that is no cell. */
const ALL: Asked = {
  prefix: '',
  grant: null,
  where: [],
  contains: null,
  from: FIRST,
  to: addHours(FIRST, HOURS),
  sort: 'key',
  depth: null,
}

/** Rows of a table by number, each with a change. */
const bad = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...CHANGES)), { minLength: 1, maxLength: 12 })

type Table = 'counters' | 'days'

/** A row as it stands in a table, and whether it is a cell. */
type Stored = Row & { readonly table: Table; readonly isBad: boolean }

/** Whether a list reads a row: that of a day where it stands for its hours, and those of hours elsewhere. */
function isRead({ table, hour }: Stored, { from, to }: Asked, made: States): boolean {
  const state = made.get(dayOf(hour))
  const start = midnight(hour)
  const isWhole = from <= start && start + 24 <= to
  const isDay = state === 'gone' || (state === 'good' && isWhole)
  return isDay === (table === 'days') && hour >= from && hour < to
}

describe.each(KINDS)('%s', (name) => {
  let database: Database

  beforeAll(async () => {
    database = await must(DATABASES[name], 'a kind')(NOW)
  })

  afterAll(() => database?.stop())

  const ask = (asked: Asked, limit: number, after: string | null): Promise<Listed> =>
    askList(database.postgres, asked, limit, after)

  /** Fills the tables, and spoils some of their rows. @returns all of them. */
  async function spoil(
    tables: ReturnType<typeof tablesOf>,
    spoilt: Readonly<Record<Table, readonly (readonly [number, string])[]>>,
  ): Promise<Stored[]> {
    await fill(database, tables)
    const stored: Stored[] = []
    for (const [table, all, column] of [
      ['counters', addedUp(tables.rows, 'hour'), 'hour'],
      ['days', addedUp(tables.days, 'day'), 'day'],
    ] as const) {
      // The first is one that a list of everything reads, because one that no list reads shows nothing.
      const read = all.flatMap((row, i) =>
        isRead({ ...row, table, isBad: false }, ALL, tables.states) ? [i] : [],
      )
      const changes = new Map(
        spoilt[table].map(([n, set], nth) => [
          (nth === 0 ? read[n % read.length] : undefined) ?? n % Math.max(1, all.length),
          set,
        ]),
      )
      for (const [i, row] of all.entries()) {
        const set = changes.get(i)
        stored.push({ ...row, table, isBad: set !== undefined })
        if (set === undefined) continue
        const start = column === 'day' ? "($2::timestamptz at time zone 'UTC')::date" : '$2::timestamptz'
        await database.query(`update sumdial.${table} set ${set} where key = $1 and ${column} = ${start}`, [
          row.key,
          formatHourStart(row.hour),
        ])
      }
    }
    return stored
  }

  test('[D1] a list leaves out the rows that are no cells, of hours and of days, and names one of each key', async () => {
    let named = { counters: 0, days: 0 }
    await fc.assert(
      fc.asyncProperty(
        rows,
        states,
        fc.record({ counters: bad, days: bad }),
        fc.array(lists, { minLength: 9, maxLength: 9 }),
        async (all, made, spoilt, asks) => {
          const stored = await spoil(tablesOf(all, made, NOW), spoilt)
          for (const asked of [ALL, ...asks]) {
            const { prefix, grant, contains, from, to } = asked
            const read = stored.filter((row) => isRead(row, asked, made))
            const good = read.filter(({ isBad }) => !isBad)
            const expected = naiveList(
              good.map(({ updatedMs, ...row }) => ({ ...row, flushMs: updatedMs })),
              asked,
            )
            const isAsked = ({ key }: Row) =>
              key.startsWith(prefix) && covers(grant, key) && key.includes(contains ?? '')
            const lost = from < to ? read.filter((row) => row.isBad && isAsked(row)) : []
            for (const { table } of lost) named = { ...named, [table]: named[table] + 1 }
            const whole = await ask(asked, 1000, null)
            expect(whole.items).toEqual(expected)
            expect(whole.unreadable).toEqual(namesOf(lost))
            if (asked.sort !== 'key' || asked.depth !== null) continue
            // A page names those that are not above its last key, and none when none of its own keys has any.
            const page = await ask(asked, 2, null)
            expect(page.items).toEqual(expected.slice(0, 2))
            const last = page.items.length === 2 ? page.items.at(-1)?.key : undefined
            const above = ({ key }: Row) => last !== undefined && compareBytes(key, last) > 0
            expect(page.unreadable).toEqual(namesOf(lost.filter((row) => !above(row))))
          }
        },
      ),
      { numRuns: 6, endOnFailure: true },
    )
    // Else rows of one of the two would hardly ever be asked for.
    expect(named.counters).toBeGreaterThan(2)
    expect(named.days).toBeGreaterThan(2)
  })
})

/** The earliest row of each key, by key. */
function namesOf(lost: readonly Row[]): { key: string; hour: string }[] {
  const earliest = new Map<string, Hour>()
  for (const { key, hour } of lost.toSorted((a, b) => b.hour - a.hour)) earliest.set(key, hour)
  return [...earliest]
    .toSorted(([a], [b]) => compareBytes(a, b))
    .map(([key, hour]) => ({ key, hour: formatHourStart(hour) }))
}
