import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Hour, HourRange } from '../../../src/model/hour.ts'
import { addHours, hourOf, hourStartMs } from '../../../src/model/hour.ts'
import type { Bucket, Unit } from '../../../src/model/time/calendar.ts'
import { bucketIndexOf, bucketsOf, countBuckets, isAligned, UNITS } from '../../../src/model/time/calendar.ts'
import type { Zone } from '../../../src/model/time/zone.ts'
import { formatInZone } from '../../../src/model/time/zone.ts'
import { zoneOf } from '../../support/zones.ts'

const at = (iso: string) => hourOf(Date.parse(iso))

/** Those whose clocks do what others' do not, and any other. */
const zoneNames = fc.oneof(
  fc.constantFrom(
    'UTC',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Pacific/Apia',
    'Pacific/Kwajalein',
    'Antarctica/Casey',
    'America/St_Johns',
    'Africa/Monrovia',
    'Asia/Manila',
  ),
  fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
)

/** Up to eight weeks, from the year 1800 on. */
const ranges = fc
  .tuple(fc.integer({ min: at('1800-01-01T00:00Z'), max: at('2099-01-01T00:00Z') }), fc.nat(24 * 56))
  .map(([from, hours]): HourRange => ({ from: from as Hour, to: addHours(from as Hour, hours) }))

const cases = fc.record({ range: ranges, name: zoneNames, unit: fc.constantFrom(...UNITS) })

/** Goes hour by hour, from the date that the engine prints: the latest day that has begun by then. */
function naiveBuckets({ from, to }: HourRange, unit: Unit, name: string): Hour[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' })
  const firsts: Hour[] = []
  let [latest, latestInRange] = ['', '']
  for (let hour = addHours(from, -72); hour < to; hour = addHours(hour, 1)) {
    const label = labelOf(format.format(hourStartMs(hour)).slice(0, 10), unit, hour)
    if (label > latest) latest = label
    if (hour >= from && latest > latestInRange) firsts.push(hour)
    if (hour >= from) latestInRange = latest
  }
  return firsts
}

function labelOf(date: string, unit: Unit, hour: Hour): string {
  if (unit === 'hour') return String(hour + 1e9).padStart(10, '0')
  if (unit === 'month') return date.slice(0, 7)
  const day = Date.parse(`${date}T00:00Z`)
  const fromMonday = unit === 'day' ? 0 : (new Date(day).getUTCDay() + 6) % 7
  return new Date(day - fromMonday * 86_400_000).toISOString().slice(0, 10)
}

describe('the buckets of a range', () => {
  test('hold each hour once, and begin at most an hour before their first, in order', () => {
    fc.assert(
      fc.property(cases, ({ range, name, unit }) => {
        const buckets = bucketsOf(range, unit, zoneOf(name))
        expect(buckets[0]?.from).toBe(range.from < range.to ? range.from : undefined)
        for (const [i, { from, startMs }] of buckets.entries()) {
          const before = buckets[i - 1]
          expect(startMs).toBeLessThanOrEqual(hourStartMs(from))
          if (before === undefined) continue
          expect([before.from < from, before.startMs < startMs]).toEqual([true, true])
          expect(startMs).toBeGreaterThan(hourStartMs(addHours(from, -1)))
          expect(from).toBeLessThan(range.to)
        }
      }),
    )
  })

  test("are those of the naive walk that asks for each hour's date", () => {
    fc.assert(
      fc.property(cases, ({ range, name, unit }) => {
        const froms = bucketsOf(range, unit, zoneOf(name)).map(({ from }) => from)
        expect(froms).toEqual(naiveBuckets(range, unit, name))
      }),
      { numRuns: 150 },
    )
  })

  test('are the same whatever range they are seen through, but for the first, which may be cut', () => {
    fc.assert(
      fc.property(cases, fc.nat(100), fc.nat(100), ({ range, name, unit }, cutBegin, cutEnd) => {
        const zone = zoneOf(name)
        const within = { from: addHours(range.from, cutBegin), to: addHours(range.to, -cutEnd) }
        fc.pre(within.from < within.to)
        const [first, ...others] = bucketsOf(within, unit, zone)
        const all = bucketsOf(range, unit, zone)
        const whole = all[bucketIndexOf(all, within.from)]
        expect(first).toEqual({ from: within.from, startMs: whole?.startMs })
        const inside = all.filter(({ from }) => from > within.from && from < within.to)
        expect(others).toEqual(inside)
      }),
    )
  })

  test('are as many as was said before, a skipped day more or less', () => {
    fc.assert(
      fc.property(cases, ({ range, name, unit }) => {
        const zone = zoneOf(name)
        const difference = bucketsOf(range, unit, zone).length - countBuckets(range, unit, zone)
        expect(Math.abs(difference)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

/** Each bucket as its beginning and its hours. */
function describeBuckets(buckets: readonly Bucket[], to: Hour, zone: Zone): string[] {
  return buckets.map(
    ({ from, startMs }, i) => `${formatInZone(zone, startMs)} ${(buckets[i + 1]?.from ?? to) - from}`,
  )
}

function days(name: string, from: string, to: string, unit: Unit = 'day'): string[] {
  const [zone, range] = [zoneOf(name), { from: at(from), to: at(to) }]
  return describeBuckets(bucketsOf(range, unit, zone), range.to, zone)
}

describe('a day', () => {
  test('of a change of the clocks has 23 or 25 hours', () => {
    expect(days('Europe/Berlin', '2015-03-27T23:00Z', '2015-03-30T22:00Z')).toEqual([
      '2015-03-28T00:00:00+01:00 24',
      '2015-03-29T00:00:00+01:00 23',
      '2015-03-30T00:00:00+02:00 24',
    ])
    expect(days('America/New_York', '2015-10-31T04:00Z', '2015-11-03T05:00Z')).toEqual([
      '2015-10-31T00:00:00-04:00 24',
      '2015-11-01T00:00:00-04:00 25',
      '2015-11-02T00:00:00-05:00 24',
    ])
  })

  test('begins within an hour where the offset is no whole hour, and has the hours that begin in it', () => {
    const buckets = bucketsOf(
      { from: at('2026-11-20T18:00Z'), to: at('2026-11-21T20:00Z') },
      'day',
      zoneOf('Asia/Kolkata'),
    )
    expect(buckets.map(({ from }) => from)).toEqual([
      at('2026-11-20T18:00Z'),
      at('2026-11-20T19:00Z'),
      at('2026-11-21T19:00Z'),
    ])
    expect(days('Asia/Kolkata', '2026-11-20T18:00Z', '2026-11-21T20:00Z')).toEqual([
      '2026-11-20T00:00:00+05:30 1',
      '2026-11-21T00:00:00+05:30 24',
      '2026-11-22T00:00:00+05:30 1',
    ])
  })

  test('whose midnight does not exist begins when the clocks have jumped over it', () => {
    expect(days('America/Sao_Paulo', '2018-11-03T03:00Z', '2018-11-06T02:00Z')).toEqual([
      '2018-11-03T00:00:00-03:00 24',
      '2018-11-04T01:00:00-02:00 23',
      '2018-11-05T00:00:00-02:00 24',
    ])
  })

  test('that has midnight twice begins at the first', () => {
    expect(days('America/Havana', '2018-11-03T04:00Z', '2018-11-06T05:00Z')).toEqual([
      '2018-11-03T00:00:00-04:00 24',
      '2018-11-04T00:00:00-04:00 25',
      '2018-11-05T00:00:00-05:00 24',
    ])
  })

  test('that a zone has skipped is not there', () => {
    expect(days('Pacific/Apia', '2011-12-29T10:00Z', '2012-01-01T10:00Z')).toEqual([
      '2011-12-29T00:00:00-10:00 24',
      '2011-12-31T00:00:00+14:00 24',
      '2012-01-01T00:00:00+14:00 24',
    ])
  })

  test('that a zone has had twice is one', () => {
    expect(days('Pacific/Kwajalein', '1969-09-29T13:00Z', '1969-10-02T12:00Z')).toEqual([
      '1969-09-30T00:00:00+11:00 47',
      '1969-10-01T00:00:00-12:00 24',
    ])
  })

  test('goes on where clocks are turned back over its midnight', () => {
    expect(days('Antarctica/Casey', '2010-03-03T13:00Z', '2010-03-05T16:00Z')).toEqual([
      '2010-03-04T00:00:00+11:00 24',
      '2010-03-05T00:00:00+11:00 27',
    ])
  })

  test('of a time before zones is written in UTC: its offset has seconds', () => {
    expect(days('Africa/Monrovia', '1971-03-01T00:00Z', '1971-03-03T00:00Z')).toEqual([
      '1971-02-28T00:44:30Z 1',
      '1971-03-01T00:44:30Z 24',
      '1971-03-02T00:44:30Z 23',
    ])
  })
})

describe('weeks and months', () => {
  test('begin on Monday, and on the first, by the clocks of the zone', () => {
    expect(days('Europe/Berlin', '2026-10-19T00:00Z', '2026-11-03T00:00Z', 'week')).toEqual([
      '2026-10-19T00:00:00+02:00 167',
      '2026-10-26T00:00:00+01:00 168',
      '2026-11-02T00:00:00+01:00 25',
    ])
    expect(days('Europe/Berlin', '2026-09-30T22:00Z', '2026-11-30T23:00Z', 'month')).toEqual([
      '2026-10-01T00:00:00+02:00 745',
      '2026-11-01T00:00:00+01:00 720',
    ])
  })

  test('of a thousand years are found in a moment', () => {
    const range = { from: at('1300-01-01T00:00Z'), to: at('2100-01-01T00:00Z') }
    expect(bucketsOf(range, 'month', zoneOf('America/New_York'))).toHaveLength(9_601)
  })
})

describe('a grid', () => {
  test.each([
    ['UTC', 'hour', true],
    ['America/New_York', 'day', true],
    ['America/Sao_Paulo', 'day', true],
    ['Asia/Kolkata', 'day', false],
    ['Asia/Kolkata', 'hour', false],
    ['Asia/Kathmandu', 'month', false],
  ] as const)('of %s by the %s is aligned: %s', (name, unit, expected) => {
    const range = { from: at('2018-11-01T00:00Z'), to: at('2018-12-01T00:00Z') }
    expect(isAligned(bucketsOf(range, unit, zoneOf(name)), zoneOf(name))).toBe(expected)
  })

  test('of a zone that is half an hour off in summer alone is so from then on', () => {
    const zone = zoneOf('Australia/Lord_Howe')
    const alignedFrom = (from: string, to: string) =>
      isAligned(bucketsOf({ from: at(from), to: at(to) }, 'day', zone), zone)
    expect(alignedFrom('2025-12-01T13:00Z', '2025-12-20T13:00Z')).toBe(true)
    expect(alignedFrom('2025-07-01T13:00Z', '2025-07-20T13:00Z')).toBe(false)
  })
})
