import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addHours, type Hour, type HourRange, hourOf, hourStartMs } from '../../../src/model/hour.ts'
import { bucketsOf, UNITS, type Unit } from '../../../src/model/time/calendar.ts'
import { previousOf } from '../../../src/model/time/previous.ts'
import { type NamedRange, RANGES, rangeOf } from '../../../src/model/time/ranges.ts'
import { formatInZone, localMs, type Zone } from '../../../src/model/time/zone.ts'
import { zoneOf, zones } from '../../support/zones.ts'

const NAMED = RANGES.filter((name) => name !== 'all')

const MINUTE_MS = 60_000
const times = fc
  .integer({ min: Date.UTC(1972, 0) / MINUTE_MS, max: Date.UTC(2060, 0) / MINUTE_MS })
  .map((minute) => minute * MINUTE_MS)
const units = fc.constantFrom<Unit | null>(...UNITS, null)

function named(name: NamedRange, terms: { unit: Unit | null; zone: Zone; nowMs: number }) {
  const range = rangeOf(name, terms)
  return { range, previous: previousOf(range, name, terms) }
}

/** The hours of each bucket of a range, with the first cut off where the range cuts it. */
function bucketHours({ from, to }: HourRange, unit: Unit, zone: Zone): HourRange[] {
  const buckets = bucketsOf({ from, to }, unit, zone)
  return buckets.map((bucket, i) => ({ from: bucket.from, to: buckets[i + 1]?.from ?? to }))
}

describe('what a range is compared with', () => {
  test('is before the range, and no longer than a clock change, a longer month or a skipped day makes it', () => {
    fc.assert(
      fc.property(zones, times, fc.constantFrom(...NAMED), units, (zone, nowMs, name, unit) => {
        const { range, previous } = named(name, { unit, zone, nowMs })
        expect(previous.to).toBeLessThanOrEqual(range.from)
        expect(previous.from).toBeLessThanOrEqual(previous.to)
        const longer = previous.to - previous.from - (range.to - range.from)
        // A month is up to three days longer than another, a leap year a day, and clocks were turned by up to three hours.
        expect(longer).toBeLessThanOrEqual(3 * 24 + 3)
      }),
      { numRuns: 500 },
    )
  })

  test('of 24 hours is the 24 before, whatever the clocks do', () => {
    fc.assert(
      fc.property(zones, times, (zone, nowMs) => {
        const { range, previous } = named('24h', { unit: 'hour', zone, nowMs })
        expect(previous).toEqual({ from: addHours(range.from, -24), to: range.from })
      }),
    )
  })

  test('of a day or month that is over is the one before, whole', () => {
    fc.assert(
      fc.property(zones, times, units, (zone, nowMs, unit) => {
        for (const [name, own] of [
          ['yesterday', 'day'],
          ['last-month', 'month'],
        ] as const) {
          const { range, previous } = named(name, { unit, zone, nowMs })
          const whole = bucketHours({ from: addHours(range.from, -24 * 70), to: range.from }, own, zone)
          expect(previous).toEqual(whole.at(-1))
        }
      }),
    )
  })

  test('of one that is not over is as much of the one before: until the same time, or its end if it is shorter', () => {
    fc.assert(
      fc.property(zones, times, (zone, nowMs) => {
        for (const [name, own] of [
          ['today', 'day'],
          ['this-month', 'month'],
        ] as const) {
          const { range, previous } = named(name, { unit: 'hour', zone, nowMs })
          const before = bucketHours({ from: addHours(range.from, -24 * 70), to: range.from }, own, zone).at(
            -1,
          )
          expect(previous.from).toBe(before?.from)
          // Each of its hours has a time of day and day of the month no later than that of the current hour.
          const local = (hour: Hour) => {
            const date = new Date(localMs(zone, hourStartMs(hour)))
            return (
              (own === 'day' ? 0 : date.getUTCDate() * 24) + date.getUTCHours() + date.getUTCMinutes() / 60
            )
          }
          const isNear = zone.offsetAt(nowMs) !== zone.offsetAt(nowMs - 3 * 86_400_000)
          const isNearBefore =
            zone.offsetAt(hourStartMs(previous.to)) !==
            zone.offsetAt(hourStartMs(previous.to) - 3 * 86_400_000)
          if (isNear || isNearBefore) continue
          expect(local(addHours(previous.to, -1))).toBeLessThanOrEqual(local(addHours(range.to, -1)))
          if (before !== undefined && previous.to < before.to) {
            expect(local(previous.to)).toBeGreaterThan(local(addHours(range.to, -1)))
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('of the last days and months has as many buckets, each beside its own, and begins where one begins', () => {
    fc.assert(
      fc.property(zones, times, (zone, nowMs) => {
        for (const [name, unit] of [
          ['7d', 'day'],
          ['30d', 'day'],
          ['30d', 'week'],
          ['12mo', 'month'],
          ['12mo', 'week'],
        ] as const) {
          const { range, previous } = named(name, { unit, zone, nowMs })
          const [own, before] = [bucketHours(range, unit, zone), bucketHours(previous, unit, zone)]
          const wide = bucketHours({ from: addHours(previous.from, -24 * 40), to: previous.to }, unit, zone)
          expect(wide.some(({ from }) => from === previous.from)).toBe(true)
          // A zone that has skipped a day has one less.
          expect([0, 1]).toContain(Math.abs(own.length - before.length))
        }
      }),
    )
  })

  test('of a range by its ends is the days, weeks or months right before, else the hours', () => {
    fc.assert(
      fc.property(zones, times, fc.integer({ min: 1, max: 40 }), units, (zone, ms, many, unit) => {
        const days = bucketHours({ from: hourOf(ms), to: addHours(hourOf(ms), 24 * 90) }, 'day', zone).slice(
          1,
          -1,
        )
        const [first, last] = [days[0], days[many]]
        if (first === undefined || last === undefined) return
        const range = { from: first.from, to: last.to }
        const nowMs = hourStartMs(last.to) + 86_400_000
        const previous = previousOf(range, undefined, { unit, zone, nowMs })
        expect(previous.to).toBe(range.from)
        const wide = bucketHours({ from: addHours(previous.from, -24 * 3), to: previous.to }, 'day', zone)
        expect(wide.some(({ from }) => from === previous.from)).toBe(true)
        const hours = { from: addHours(range.from, 5), to: addHours(range.to, 3) }
        const length = hours.to - hours.from
        expect(previousOf(hours, undefined, { unit: 'hour', zone, nowMs: nowMs * 2 })).toEqual({
          from: addHours(hours.from, -length),
          to: hours.from,
        })
      }),
    )
  })

  test('of no hours is none', () => {
    const range = { from: hourOf(0), to: hourOf(0) }
    for (const unit of [...UNITS, null]) {
      expect(previousOf(range, undefined, { unit, zone: zoneOf('UTC'), nowMs: 0 })).toEqual(range)
    }
  })
})

const compared = (name: NamedRange, tz: string, now: string, unit: Unit | null = null) => {
  const zone = zoneOf(tz)
  const { range, previous } = named(name, { unit, zone, nowMs: Date.parse(now) })
  return [range.from, range.to, previous.from, previous.to].map((hour) =>
    formatInZone(zone, hourStartMs(hour)).slice(5, 16).replace('T', ' '),
  )
}

test.each([
  [
    'this-month',
    'Europe/Berlin',
    '2026-11-20T14:30Z',
    ['11-01 00:00', '11-20 16:00', '10-01 00:00', '10-20 16:00'],
  ],
  ['this-month', 'UTC', '2026-03-31T14:30Z', ['03-01 00:00', '03-31 15:00', '02-01 00:00', '03-01 00:00']],
  ['this-month', 'UTC', '2026-03-28T23:30Z', ['03-01 00:00', '03-29 00:00', '02-01 00:00', '03-01 00:00']],
  ['this-month', 'UTC', '2026-11-30T23:30Z', ['11-01 00:00', '12-01 00:00', '10-01 00:00', '10-31 00:00']],
  ['last-month', 'UTC', '2026-03-31T14:30Z', ['02-01 00:00', '03-01 00:00', '01-01 00:00', '02-01 00:00']],
  [
    'today',
    'America/New_York',
    '2026-11-02T05:30Z',
    ['11-02 00:00', '11-02 01:00', '11-01 00:00', '11-01 01:00'],
  ],
  // Its clocks come to one o'clock twice the day before, and are then at the same time.
  [
    'today',
    'America/New_York',
    '2026-11-02T06:30Z',
    ['11-02 00:00', '11-02 02:00', '11-01 00:00', '11-01 02:00'],
  ],
  [
    'today',
    'America/Santiago',
    '2026-09-07T03:30Z',
    ['09-07 00:00', '09-07 01:00', '09-06 01:00', '09-06 01:00'],
  ],
  [
    'yesterday',
    'Pacific/Apia',
    '2012-01-01T15:00Z',
    ['01-01 00:00', '01-02 00:00', '12-31 00:00', '01-01 00:00'],
  ],
  [
    'today',
    'Pacific/Apia',
    '2011-12-31T03:00Z',
    ['12-31 00:00', '12-31 18:00', '12-29 00:00', '12-29 18:00'],
  ],
  ['7d', 'Europe/Berlin', '2026-10-28T14:30Z', ['10-22 00:00', '10-28 16:00', '10-15 00:00', '10-21 16:00']],
  ['12mo', 'UTC', '2024-02-29T14:30Z', ['03-01 00:00', '02-29 15:00', '03-01 00:00', '03-01 00:00']],
] as const)('%s in %s at %s', (name, tz, now, expected) => {
  expect(compared(name, tz, now)).toEqual(expected)
})

test('a range by its ends that is not over is compared with as much of the one before', () => {
  const zone = zoneOf('Europe/Berlin')
  const hour = (iso: string) => hourOf(Date.parse(iso))
  const november = { from: hour('2026-10-31T23:00Z'), to: hour('2026-11-30T23:00Z') }
  const nowMs = Date.parse('2026-11-20T14:30Z')
  expect(previousOf(november, undefined, { unit: 'month', zone, nowMs })).toEqual({
    from: hour('2026-09-30T22:00Z'),
    to: hour('2026-10-20T14:00Z'),
  })
  expect(previousOf(november, undefined, { unit: 'day', zone, nowMs })).toEqual({
    from: hour('2026-10-01T22:00Z'),
    to: hour('2026-10-21T14:00Z'),
  })
})
