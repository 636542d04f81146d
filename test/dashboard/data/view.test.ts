import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RANGES } from '../../../src/dashboard/data/period.ts'
import {
  addressOf,
  chartOf,
  parseView,
  SHOWN_MAX,
  topOf,
  type View,
} from '../../../src/dashboard/data/view.ts'
import { UNITS } from '../../../src/model/time/calendar.ts'
import { keys } from '../../support/arbitraries.ts'

const days = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

const periods = fc.oneof(
  fc.constantFrom(...RANGES).map((range) => ({ kind: 'last' as const, range })),
  fc.tuple(days, days).map((both) => {
    const [from = '', to = ''] = both.toSorted()
    return { kind: 'days' as const, from, to }
  }),
)

const common = {
  period: periods,
  tz: fc.option(fc.constantFrom('Europe/Berlin', 'Etc/GMT+5', 'UTC')),
  by: fc.constantFrom('sum' as const, 'count' as const),
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

const views: fc.Arbitrary<View> = fc.oneof(
  fc.record({
    ...common,
    name: fc.constant('top' as const),
    prefix: prefixes,
    contains: prefixes,
    isMore: fc.boolean(),
  }),
  fc.record({ ...common, name: fc.constant('tree' as const), prefix: prefixes }),
  fc.record({ ...common, name: fc.constant('shards' as const) }),
  fc.record({
    ...common,
    name: fc.constant('chart' as const),
    shown: fc.uniqueArray(shown, { selector: ({ kind, name }) => `${kind} ${name}`, maxLength: SHOWN_MAX }),
    unit: fc.option(fc.constantFrom(...UNITS)),
    isTable: fc.boolean(),
  }),
)

function fromAddress(address: string): View {
  const { pathname, search } = new URL(address, 'https://sumdial.test')
  return parseView(pathname, search)
}

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
      { ...top, period: { kind: 'last', range: '7d' } },
      { kind: 'key', name: 'site/a b' },
      { kind: 'prefix', name: 'site/' },
    )
    expect(addressOf(chart)).toBe('/chart?key=site/a+b&prefix=site/&range=7d')
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
  ])('of an address with something wrong is as if that were not there: %s', (address, expected) => {
    expect(addressOf(fromAddress(address))).toBe(expected)
  })
})
