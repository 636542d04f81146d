import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { daysOf, isCurrent, PRESETS, spanOf } from '../../../src/dashboard/data/period.ts'
import { addHours, DAY_MS, firstHourFrom, hourOf, hourStartMs } from '../../../src/model/hour.ts'
import { bucketsOf } from '../../../src/model/time/calendar.ts'
import { localMs, parseZone, type Zone } from '../../../src/model/time/zone.ts'

function zoneOf(name: string): Zone {
  return parseZone(name) ?? expect.fail(`no zone ${name}`)
}

const zones = fc
  .oneof(
    // At midnight their clocks skip an hour, or come to midnight twice.
    fc.constantFrom('America/Santiago', 'America/Havana', 'Asia/Beirut', 'Africa/Cairo', 'America/Sao_Paulo'),
    fc.constantFrom('Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Apia'),
    fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
  )
  .map(zoneOf)

/** Days of the calendar, as whole days since 1970. */
const days = fc.integer({ min: Date.UTC(1971) / DAY_MS, max: Date.UTC(2060) / DAY_MS })

const text = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10)

/** The hours that the server puts into a day, found in a week around it. */
function hoursOnServer(day: number, zone: Zone): readonly [fromMs: number, toMs: number] | undefined {
  const week = { from: hourOf((day - 3) * DAY_MS), to: hourOf((day + 4) * DAY_MS) }
  const buckets = bucketsOf(week, 'day', zone)
  // The middle of the bucket is surely within its day, whatever the clocks do at its ends.
  const i = buckets.findIndex(({ startMs }, at) => {
    const endMs = buckets[at + 1]?.startMs ?? 0
    return Math.floor(localMs(zone, (startMs + endMs) / 2) / DAY_MS) === day
  })
  const [own, next] = [buckets[i], buckets[i + 1]]
  return own === undefined || next === undefined ? undefined : [hourStartMs(own.from), hourStartMs(next.from)]
}

/** Days about those on which the zone's clocks are changed, in the year from a day on. */
function daysOfChange(from: number, zone: Zone): number[] {
  const offsetOn = (day: number) => zone.offsetAt(day * DAY_MS)
  const year = Array.from({ length: 366 }, (_, i) => from + i)
  return year.filter((day) => offsetOn(day) !== offsetOn(day + 1)).flatMap((day) => [day - 1, day, day + 1])
}

function dayOf(day: string, zone: Zone): readonly [fromMs: number, toMs: number] {
  const { fromMs, toMs } = spanOf({ kind: 'days', from: day, to: day }, zone, 0)
  // The server takes the hours that begin in a range.
  return [fromMs, toMs].map((ms) => hourStartMs(firstHourFrom(ms))) as [number, number]
}

describe('a day of a zone', () => {
  test('has the hours that the server counts in it, in every zone, also where clocks are changed', () => {
    fc.assert(
      fc.property(zones, days, (zone, anyDay) => {
        for (const day of [anyDay, ...daysOfChange(anyDay, zone)]) {
          const expected = hoursOnServer(day, zone)
          // Undefined is a day that the zone has skipped.
          if (expected !== undefined)
            expect([text(day), ...dayOf(text(day), zone)]).toEqual([text(day), ...expected])
        }
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['America/Santiago', '2026-09-05', '2026-09-05T04:00:00.000Z', 24],
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z', 23],
    ['America/Havana', '2026-03-08', '2026-03-08T05:00:00.000Z', 23],
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z', 25],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z', 0],
  ])('where clocks skip midnight, or come to it twice, is whole: %s %s', (name, day, from, hours) => {
    const [fromMs, toMs] = dayOf(day, zoneOf(name))
    expect([new Date(fromMs).toISOString(), (toMs - fromMs) / 3_600_000]).toEqual([from, hours])
  })

  test('follows the day before without a gap, so that no hour is in two days or in none', () => {
    fc.assert(
      fc.property(zones, days, (zone, day) => {
        expect(dayOf(text(day), zone)[1]).toBe(dayOf(text(day + 1), zone)[0])
      }),
    )
  })
})

test('a period of 7 days, 30 days or 12 months begins with a day of the zone, whatever its clocks do at midnight', () => {
  const zone = zoneOf('America/Santiago')
  const now = Date.parse('2026-09-12T15:00:00Z')
  // 6 September begins at one o'clock, because its clocks skip midnight.
  expect(spanOf({ kind: 'last', range: '7d' }, zone, now)).toEqual({
    fromMs: Date.parse('2026-09-06T04:00:00Z'),
    toMs: hourStartMs(addHours(hourOf(now), 1)),
  })
})

describe('a preset', () => {
  // It is still yesterday in Honolulu, and December already in Auckland.
  const now = Date.parse('2026-11-30T12:00:00Z')
  const of = (zone: string, at = now) =>
    PRESETS.map((preset) => {
      const days = daysOf(preset, zoneOf(zone), at)
      return days.kind === 'days' ? `${days.from} ${days.to}` : days.range
    })

  test('is whole days of the zone: today, yesterday, this month up to today, and last month', () => {
    expect(of('Europe/Berlin')).toEqual([
      '2026-11-30 2026-11-30',
      '2026-11-29 2026-11-29',
      '2026-11-01 2026-11-30',
      '2026-10-01 2026-10-31',
    ])
    expect(of('Pacific/Auckland')).toEqual([
      '2026-12-01 2026-12-01',
      '2026-11-30 2026-11-30',
      '2026-12-01 2026-12-01',
      '2026-11-01 2026-11-30',
    ])
    expect(of('America/New_York', Date.parse('2027-01-01T02:00:00Z'))[3]).toBe('2026-11-01 2026-11-30')
  })

  test('that has today in it is live, and one that is over is not', () => {
    const zone = zoneOf('Europe/Berlin')
    expect(PRESETS.map((preset) => isCurrent(daysOf(preset, zone, now), zone, now))).toEqual([
      true,
      false,
      true,
      false,
    ])
  })
})
