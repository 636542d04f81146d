import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { must } from '../../../src/model/assert.ts'
import { addHours, type HourRange, hourOf, hourStartMs } from '../../../src/model/hour.ts'
import { type Bucket, bucketsOf, UNITS, type Unit } from '../../../src/model/time/calendar.ts'
import { besideOf, previousOf } from '../../../src/model/time/previous.ts'
import { type NamedRange, RANGES, rangeOf } from '../../../src/model/time/ranges.ts'
import { formatInZone, type Zone } from '../../../src/model/time/zone.ts'
import { zoneOf, zones } from '../../support/zones.ts'

const NAMED = RANGES.filter((name) => name !== 'all')

const times = fc.integer({ min: Date.UTC(1972, 0) / 60_000, max: Date.UTC(2060, 0) / 60_000 })

function comparedBy(unit: Unit, range: HourRange, previous: HourRange, zone: Zone) {
  const [buckets, before] = [bucketsOf(range, unit, zone), bucketsOf(previous, unit, zone)]
  return { buckets, before, beside: besideOf(buckets, before, { unit, zone }) }
}

function named(name: NamedRange, unit: Unit, zone: Zone, nowMs: number) {
  const range = rangeOf(name, { unit, zone, nowMs })
  return comparedBy(unit, range, previousOf(range, name, { unit, zone, nowMs }), zone)
}

/** The date and the hour that clocks show when a bucket begins. */
function clockOf({ startMs }: Bucket, zone: Zone) {
  const local = formatInZone(zone, startMs)
  return { day: Date.parse(`${local.slice(0, 10)}T00:00:00Z`) / 86_400_000, hour: local.slice(11, 13) }
}

describe('buckets beside the time before', () => {
  test('are hours at the same time of the clocks, all as many days apart, and none stands alone that has one', () => {
    const ranges = fc.constantFrom<NamedRange[]>('today', 'yesterday', '24h', '7d', '30d', 'this-month')
    fc.assert(
      fc.property(zones, times, ranges, (zone, minute, name) => {
        const { buckets, before, beside } = named(name, 'hour', zone, minute * 60_000)
        const pairs = beside.flatMap((at, i) =>
          at === null ? [] : [[must(buckets[i], 'its own'), must(before[at], 'another')] as const],
        )
        const clocks = pairs.map((pair) => pair.map((bucket) => clockOf(bucket, zone)))
        const daysApart = new Set(clocks.map(([own, other]) => (own?.day ?? 0) - (other?.day ?? 0)))
        expect(daysApart.size).toBeLessThanOrEqual(1)
        expect(clocks.filter(([own, other]) => own?.hour !== other?.hour)).toEqual([])
        // A bucket is beside one other at most, and they stay in order.
        expect(pairs.map(([, other]) => other)).toEqual(
          [...new Set(pairs.map(([, other]) => other))].toSorted((a, b) => a.from - b.from),
        )
        const [days = 0] = daysApart
        const left = before.filter((_, i) => !beside.includes(i))
        const times = new Set(
          left.map((bucket) => clockOf(bucket, zone)).map(({ day, hour }) => `${day + days} ${hour}`),
        )
        const alone = buckets.filter((_, i) => beside[i] === null).map((bucket) => clockOf(bucket, zone))
        expect(alone.filter(({ day, hour }) => times.has(`${day} ${hour}`))).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  test('stand in their order where they are no hours, or no whole days apart, or no clock was turned', () => {
    const ordered = (buckets: readonly Bucket[], before: readonly Bucket[]) =>
      buckets.map((_, i) => (i < before.length ? i : null))
    fc.assert(
      fc.property(
        zones,
        times,
        fc.constantFrom(...NAMED),
        fc.constantFrom(...UNITS),
        (zone, minute, name, unit) => {
          const isSteady = unit !== 'hour' || zone.name === 'UTC'
          const { buckets, before, beside } = named(
            name,
            unit,
            isSteady ? zone : zoneOf('UTC'),
            minute * 60_000,
          )
          expect(beside).toEqual(ordered(buckets, before))
        },
      ),
    )
    fc.assert(
      fc.property(zones, times, fc.integer({ min: 1, max: 60 }), (zone, minute, many) => {
        fc.pre(many % 24 !== 0)
        const from = hourOf(minute * 60_000)
        const range = { from, to: addHours(from, many) }
        const previous = { from: addHours(from, -many), to: from }
        const { buckets, before, beside } = comparedBy('hour', range, previous, zone)
        const isDays = [range, previous].every(
          (own) => bucketsOf({ from: addHours(own.from, -1), to: own.to }, 'day', zone)[1]?.from === own.from,
        )
        if (!isDays) expect(beside).toEqual(ordered(buckets, before))
      }),
    )
    expect(
      comparedBy(
        'hour',
        { from: hourOf(0), to: hourOf(0) },
        { from: hourOf(0), to: hourOf(0) },
        zoneOf('UTC'),
      ).beside,
    ).toEqual([])
  })

  const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

  test.each([
    ['the day on which two o’clock comes twice', '2026-10-25T22:30Z', [0, 1, 2, null, ...upTo(3, 23)]],
    ['the day after it', '2026-10-26T22:30Z', [0, 1, 2, ...upTo(4, 24)]],
    ['the day that lacks two o’clock', '2026-03-29T21:30Z', [0, 1, ...upTo(3, 23)]],
    ['the day after that', '2026-03-30T21:30Z', [0, 1, null, ...upTo(2, 22)]],
  ])('in Berlin on %s', (_, now, expected) => {
    expect(named('today', 'hour', zoneOf('Europe/Berlin'), Date.parse(now)).beside).toEqual(expected)
  })

  test('in the last 24 hours on the day after a change, noon is beside noon', () => {
    const zone = zoneOf('Europe/Berlin')
    const { buckets, before, beside } = named('24h', 'hour', zone, Date.parse('2026-10-25T16:30Z'))
    const noon = buckets.findIndex(({ startMs }) => startMs === Date.parse('2026-10-25T11:00Z'))
    expect(hourStartMs(must(before[beside[noon] ?? -1], 'noon').from)).toBe(Date.parse('2026-10-24T10:00Z'))
  })
})
