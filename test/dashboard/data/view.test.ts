import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unitsOf } from '../../../src/dashboard/data/period.ts'
import { fitsTwice, groupsThatFit } from '../../../src/dashboard/data/read.ts'
import {
  addressOf,
  changed,
  chartOf,
  conditionsOf,
  LAST_PAGE,
  LIST_ITEMS_MAX,
  PAGE_ROWS,
  parseView,
  SHOWN_MAX,
  topOf,
  treeOf,
  type View,
  withShown,
} from '../../../src/dashboard/data/view.ts'
import { LIST_ITEMS_MAX as API_LIST_ITEMS_MAX, BUCKETS_MAX, WHERES_MAX } from '../../../src/limits.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { countBuckets, UNITS } from '../../../src/model/time/calendar.ts'
import { RANGES, rangeOf, rangeSince } from '../../../src/model/time/ranges.ts'
import { UTC } from '../../../src/model/time/zone.ts'
import { keys } from '../../support/arbitraries.ts'

const days = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

const periods = fc.oneof(
  fc.constantFrom(...RANGES).map((range) => ({ kind: 'named' as const, range })),
  fc.tuple(days, days).map((both) => {
    const [from = '', to = ''] = both.toSorted()
    return { kind: 'days' as const, from, to }
  }),
)

const common = {
  period: periods,
  tz: fc.option(fc.constantFrom('Europe/Berlin', 'Etc/GMT+5', 'UTC')),
  by: fc.constantFrom('sum' as const, 'count' as const),
  isCompared: fc.boolean(),
}

const prefixes = fc.oneof(
  fc.constant(''),
  keys,
  keys.map((key) => `${key}/`),
)

const shown = fc.oneof(
  keys.map((name) => ({ kind: 'key' as const, name })),
  prefixes.map((name) => ({ kind: 'prefix' as const, name })),
)

/** Conditions on labels, whose values may have any sign of an address in them. */
const values = fc.constantFrom('', 'pro', 'a:b', '&where=plan:x', 'a b+c', '\u{1f600}%41')

const conditionsFrom = (pairs: readonly (readonly [string, string])[]) =>
  [...new Set(pairs.map(([name, value]) => `${name}:${value}`))].toSorted()

const views: fc.Arbitrary<View> = fc.oneof(
  fc.record({
    ...common,
    name: fc.constant('top' as const),
    prefix: prefixes,
    contains: prefixes,
    page: fc.integer({ min: 1, max: LAST_PAGE.top }),
  }),
  fc.record({
    ...common,
    name: fc.constant('tree' as const),
    prefix: prefixes,
    page: fc.integer({ min: 1, max: LAST_PAGE.tree }),
  }),
  fc.record({ ...common, name: fc.constant('shards' as const) }),
  fc
    .record({
      ...common,
      name: fc.constant('chart' as const),
      shown: fc.uniqueArray(shown, { selector: ({ kind, name }) => `${kind} ${name}`, maxLength: SHOWN_MAX }),
      unit: fc.option(fc.constantFrom(...UNITS)),
      isTable: fc.boolean(),
      label: fc.option(fc.constantFrom('plan', 'a.b/c-d')),
      where: fc.array(fc.tuple(fc.constantFrom('plan', 'plan.x'), values)).map(conditionsFrom),
    })
    .map((view) => withShown(view, view.shown)),
)

function fromAddress(address: string): View {
  const { pathname, search } = new URL(address, 'https://sumdial.test')
  return parseView(pathname, search)
}

test('a breakdown and its filters are asked for within the bounds of the API', () => {
  const nowMs = Date.UTC(2026, 7, 31, 20)
  for (const range of RANGES) {
    for (const unit of unitsOf({ kind: 'named', range })) {
      const groups = groupsThatFit({ kind: 'named', range }, unit, false)
      const both = groupsThatFit({ kind: 'named', range }, unit, true)
      // Fourteen years of all that was counted.
      const hours =
        range === 'all'
          ? rangeSince([hourOf(Date.UTC(2012, 8))], { unit, zone: UTC, nowMs })
          : rangeOf(range, { unit, zone: UTC, nowMs })
      expect(countBuckets(hours, unit, UTC) * (groups + 3), `${range} ${unit}`).toBeLessThanOrEqual(
        BUCKETS_MAX,
      )
      // Nothing comes before everything.
      if (range !== 'all')
        expect(countBuckets(hours, unit, UTC) * (both + 3) * 2).toBeLessThanOrEqual(BUCKETS_MAX)
      expect(groups, `${range} ${unit}`).toBe(10)
    }
  }
  const days = { kind: 'days', from: '2026-09-11', to: '2026-11-29' } as const
  expect(groupsThatFit(days, 'hour', false)).toBe(2)
  // Of five keys by the hour in 80 days there is no room for the time before.
  expect([fitsTwice(5, days, 'day'), fitsTwice(5, days, 'hour')]).toEqual([true, false])
  const many = Array.from({ length: WHERES_MAX + 1 }, (_, i) => `plan:${i}`)
  expect(conditionsOf(many)).toHaveLength(WHERES_MAX)
})

test('the pages of a list are all within what the API lists by size, with the row behind each', () => {
  expect(LIST_ITEMS_MAX).toBe(API_LIST_ITEMS_MAX)
  for (const list of ['top', 'tree'] as const) {
    expect(LAST_PAGE[list] * PAGE_ROWS[list] + 1).toBeLessThanOrEqual(API_LIST_ITEMS_MAX)
    expect(LAST_PAGE[list] * PAGE_ROWS[list]).toBeGreaterThanOrEqual(900)
  }
})

test('another period, zone or measure begins at the first page, because that is another list', () => {
  const third = parseView('/tree', '?prefix=site/&page=3')
  expect(changed(third, { by: 'count' })).toEqual({ ...third, by: 'count', page: 1 })
  expect(topOf(third, 'a')).toMatchObject({ page: 1 })
  expect(treeOf(third, 'site/a/')).toMatchObject({ page: 1 })
})

describe('a view', () => {
  test('is what its address says, whatever keys are called', () => {
    fc.assert(
      fc.property(views, (view) => {
        expect(fromAddress(addressOf(view))).toEqual(view)
      }),
    )
  })

  test('has an address that can be read', () => {
    const top = parseView('/', '')
    expect(addressOf(top)).toBe('/')
    expect(addressOf(topOf(top, 'site/'))).toBe('/?prefix=site/')
    const chart = chartOf(
      { ...top, period: { kind: 'named', range: '7d' } },
      { kind: 'key', name: 'site/a b' },
      { kind: 'prefix', name: 'site/' },
    )
    expect(addressOf(chart)).toBe('/chart?key=site/a+b&prefix=site/&range=7d')
    const labelled = '/chart?key=calls/acme&label=plan&where=region:eu&where=region:us'
    expect(addressOf(fromAddress(labelled))).toBe(labelled)
  })

  test.each([
    ['/chart?key=a&key=a&bucket=minute&range=1h', '/chart?key=a'],
    ['/chart?key=&from=2026-02-30x&to=2026-01-01', '/chart'],
    ['/?from=2026-02-02&to=2026-01-01', '/'],
    ['/?from=2026-02-30&to=2026-02-30', '/'],
    ['/?from=2025-02-29&to=2025-03-01', '/'],
    ['/?from=2026-11-31&to=2026-12-01', '/'],
    ['/?from=2026-02-00&to=2026-13-01', '/'],
    ['/chart?key=1&key=2&key=3&key=4&key=5&key=6', '/chart?key=1&key=2&key=3&key=4&key=5'],
    ['/elsewhere?by=min', '/'],
    ['/chart?key=a&label=1plan&label=sumdial.overflow&label=', '/chart?key=a'],
    [
      '/chart?key=a&where=plan&where=:pro&where=plan:%01&where=plan:x&where=plan:x',
      '/chart?key=a&where=plan:x',
    ],
    [`/chart?key=a&where=plan:${'x'.repeat(129)}`, '/chart?key=a'],
    ['/chart?key=a&prefix=b&label=plan&where=plan:x', '/chart?key=a&prefix=b'],
    ['/?label=plan&where=plan:x', '/'],
    ['/?page=0&more=1', '/'],
    ['/?page=100', '/'],
    ['/tree?page=10', '/tree'],
    ['/tree?page=1e0', '/tree'],
    ['/chart?key=a&page=2', '/chart?key=a'],
  ])('of an address with something wrong is as if that were not there: %s', (address, expected) => {
    expect(addressOf(fromAddress(address))).toBe(expected)
  })
})
