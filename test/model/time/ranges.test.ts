import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addHours, type HourRange, hourOf, hourStartMs } from '../../../src/model/hour.ts'
import { bucketsOf, UNITS, type Unit } from '../../../src/model/time/calendar.ts'
import { parseDay, RANGES, type RangeName, rangeOf, rangeSince } from '../../../src/model/time/ranges.ts'
import { formatInZone, type Zone } from '../../../src/model/time/zone.ts'
import { ALL_ZONES, zoneOf, zones } from '../../support/zones.ts'

const MINUTE_MS = 60_000
const times = fc
  .integer({ min: Date.UTC(1960, 0) / MINUTE_MS, max: Date.UTC(2060, 0) / MINUTE_MS })
  .map((minute) => minute * MINUTE_MS)

/** Times in the three days about a change of a zone's clocks, if there is one in the year from a time on. */
function changesAfter(nowMs: number, zone: Zone): number[] {
  const days = Array.from({ length: 366 }, (_, i) => nowMs + i * 86_400_000)
  return days
    .filter((day) => zone.offsetAt(day) !== zone.offsetAt(day + 86_400_000))
    .flatMap((day) => Array.from({ length: 24 }, (_, i) => day + (i - 6) * 3 * 3_600_000))
}

/** The buckets up to the current hour, found from long before. The model: test/model/time/calendar.test.ts has its own. */
function bucketsUpTo(nowMs: number, unit: Unit, zone: Zone, hours: number): HourRange[] {
  const to = addHours(hourOf(nowMs), 1)
  const buckets = bucketsOf({ from: addHours(to, -hours), to }, unit, zone)
  // The first is cut by where the search began.
  return buckets.map(({ from }, i) => ({ from, to: buckets[i + 1]?.from ?? to })).slice(1)
}

const NAMED = RANGES.filter((name) => name !== 'all')

describe('a range that has a name', () => {
  test('ends with the current hour, or where its day or month ends, and begins where a bucket begins', () => {
    fc.assert(
      fc.property(
        zones,
        times,
        fc.constantFrom(...NAMED),
        fc.constantFrom(...UNITS),
        (zone, ms, name, unit) => {
          for (const nowMs of [ms, ...changesAfter(ms, zone).slice(0, 24)]) {
            const { from, to } = rangeOf(name, { unit, zone, nowMs })
            expect(from).toBeLessThan(to)
            const isOver = name === 'yesterday' || name === 'last-month'
            if (isOver) expect(to).toBeLessThanOrEqual(hourOf(nowMs))
            else expect(to).toBe(addHours(hourOf(nowMs), 1))
            // A day or month of the calendar is exactly that, also where larger buckets are asked for.
            const own = {
              today: 'day',
              yesterday: 'day',
              'this-month': 'month',
              'last-month': 'month',
            } as const
            const begins = name in own ? own[name as keyof typeof own] : unit
            const starts = bucketsUpTo(nowMs, begins, zone, 24 * 450).map((bucket) => bucket.from)
            expect([name, nowMs, starts.includes(from)]).toEqual([name, nowMs, true])
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('today and yesterday are the last two days of the calendar that there are, this and last month its last two months', () => {
    fc.assert(
      fc.property(zones, times, (zone, ms) => {
        for (const nowMs of [ms, ...changesAfter(ms, zone)]) {
          const range = (name: (typeof NAMED)[number]) => rangeOf(name, { unit: 'hour', zone, nowMs })
          expect([range('yesterday'), range('today')]).toEqual(
            bucketsUpTo(nowMs, 'day', zone, 24 * 6).slice(-2),
          )
        }
        const range = (name: (typeof NAMED)[number]) => rangeOf(name, { unit: null, zone, nowMs: ms })
        const months = bucketsUpTo(ms, 'month', zone, 24 * 100)
        expect([range('last-month'), range('this-month')]).toEqual(months.slice(-2))
      }),
      { numRuns: 60 },
    )
  })

  test('7d, 30d and 12mo have as many days or months, whatever the clocks do at midnight', () => {
    fc.assert(
      fc.property(zones, times, (zone, ms) => {
        for (const nowMs of [ms, ...changesAfter(ms, zone)]) {
          const count = (name: (typeof NAMED)[number], unit: Unit) =>
            bucketsOf(rangeOf(name, { unit, zone, nowMs }), unit, zone).length
          // A zone that has skipped a day has one less.
          expect([7, 6]).toContain(count('7d', 'day'))
          expect([30, 29]).toContain(count('30d', 'day'))
        }
        expect(bucketsOf(rangeOf('12mo', { unit: null, zone, nowMs: ms }), 'month', zone)).toHaveLength(12)
        const day = rangeOf('24h', { unit: 'hour', zone, nowMs: ms })
        expect(day.to - day.from).toBe(24)
      }),
      { numRuns: 60 },
    )
  })

  test('holds in each of all zones at the turn of each of their days, from now to a year later', () => {
    const now = Date.UTC(2026, 10, 30, 15, 30)
    for (const name of ALL_ZONES) {
      const zone = zoneOf(name)
      for (const nowMs of [now, ...changesAfter(now, zone)]) {
        const [before, today] = bucketsUpTo(nowMs, 'day', zone, 24 * 6).slice(-2)
        expect([name, rangeOf('today', { unit: 'day', zone, nowMs })]).toEqual([name, today])
        expect([name, rangeOf('yesterday', { unit: 'day', zone, nowMs })]).toEqual([name, before])
      }
    }
  })

  test('of everything begins with the bucket of the earliest hour', () => {
    fc.assert(
      fc.property(zones, times, fc.nat(24 * 400), fc.constantFrom(...UNITS), (zone, nowMs, back, unit) => {
        const first = addHours(hourOf(nowMs), -back)
        const range = rangeSince([hourOf(nowMs), first], { unit, zone, nowMs })
        const own = bucketsUpTo(nowMs, unit, zone, 24 * 450).find(({ to }) => first < to)
        expect(range).toEqual({ from: own?.from, to: addHours(hourOf(nowMs), 1) })
      }),
    )
    expect(rangeSince([], { unit: 'hour', zone: zoneOf('UTC'), nowMs: 0 })).toEqual({ from: 0, to: 1 })
  })
})

const at = (name: RangeName, tz: string, now: string, unit: Unit | null = null) => {
  if (name === 'all') return []
  const zone = zoneOf(tz)
  const { from, to } = rangeOf(name, { unit, zone, nowMs: Date.parse(now) })
  return [formatInZone(zone, hourStartMs(from)), formatInZone(zone, hourStartMs(to))]
}

test.each([
  [
    'today',
    'America/Santiago',
    '2026-09-06T15:20Z',
    '2026-09-06T01:00:00-03:00',
    '2026-09-06T13:00:00-03:00',
  ],
  [
    'yesterday',
    'America/Santiago',
    '2026-09-07T15:20Z',
    '2026-09-06T01:00:00-03:00',
    '2026-09-07T00:00:00-03:00',
  ],
  ['today', 'America/Havana', '2026-11-01T05:20Z', '2026-11-01T00:00:00-04:00', '2026-11-01T01:00:00-05:00'],
  [
    'yesterday',
    'America/Havana',
    '2026-11-02T15:20Z',
    '2026-11-01T00:00:00-04:00',
    '2026-11-02T00:00:00-05:00',
  ],
  ['today', 'Asia/Kolkata', '2026-11-30T15:20Z', '2026-11-30T00:30:00+05:30', '2026-11-30T21:30:00+05:30'],
  [
    'yesterday',
    'Pacific/Apia',
    '2011-12-31T15:20Z',
    '2011-12-31T00:00:00+14:00',
    '2012-01-01T00:00:00+14:00',
  ],
  [
    'last-month',
    'Europe/Berlin',
    '2026-11-30T15:20Z',
    '2026-10-01T00:00:00+02:00',
    '2026-11-01T00:00:00+01:00',
  ],
  [
    'this-month',
    'Pacific/Auckland',
    '2026-11-30T15:20Z',
    '2026-12-01T00:00:00+13:00',
    '2026-12-01T05:00:00+13:00',
  ],
  ['12mo', 'Europe/Berlin', '2026-11-30T15:20Z', '2025-12-01T00:00:00+01:00', '2026-11-30T17:00:00+01:00'],
] as const)('%s in %s at %s', (name, tz, now, from, to) => {
  expect(at(name, tz, now)).toEqual([from, to])
})

test('half an hour into a day of Kolkata, today is still the day before, in which the current hour began', () => {
  expect(at('today', 'Asia/Kolkata', '2026-11-30T18:45Z')).toEqual([
    '2026-11-30T00:30:00+05:30',
    '2026-12-01T00:30:00+05:30',
  ])
})

test('30d by the week begins on a Monday, so that its first week is whole', () => {
  expect(at('30d', 'Europe/Berlin', '2026-11-30T15:20Z', 'week')[0]).toBe('2026-10-26T00:00:00+01:00')
})

test('a day is one that the calendar has', () => {
  expect(parseDay('2026-11-21')).toBe(Date.UTC(2026, 10, 21) / 86_400_000)
  for (const text of [
    '2026-02-30',
    '2026-1-1',
    '2026-11-21T00:00:00Z',
    '0999-12-31',
    '9999-01-01',
    'today',
    '',
  ]) {
    expect([text, parseDay(text)]).toEqual([text, undefined])
  }
})
