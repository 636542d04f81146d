import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bucketsAtMost,
  hasBefore,
  hoursBefore,
  isCurrent,
  isDayText,
  type Period,
  rangeAsked,
  unitOf,
  unitsOf,
} from '../../../src/dashboard/data/period.ts'
import { DAY_MS, hourStartMs } from '../../../src/model/hour.ts'
import { countBuckets, periodStart } from '../../../src/model/time/calendar.ts'
import { RANGES, rangeOf } from '../../../src/model/time/ranges.ts'
import { UTC } from '../../../src/model/time/zone.ts'
import { zoneOf, zones } from '../../support/zones.ts'

const text = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10)
const named = (range: (typeof RANGES)[number]): Period => ({ kind: 'named', range })
const moments = fc.integer({ min: Date.UTC(1990), max: Date.UTC(2060) })

describe('a period', () => {
  test('is asked for by its name, or by its days, of which the API leaves out the last', () => {
    const berlin = zoneOf('Europe/Berlin')
    expect(rangeAsked(named('12mo'), berlin)).toEqual({ range: '12mo', tz: 'Europe/Berlin' })
    expect(rangeAsked({ kind: 'days', from: '2026-02-01', to: '2026-02-28' }, UTC)).toEqual({
      from: '2026-02-01',
      to: '2026-03-01',
      tz: 'UTC',
    })
  })

  test('has no more buckets than a breakdown is asked to have room for', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RANGES.filter((range) => range !== 'all')),
        zones,
        moments,
        (range, zone, nowMs) => {
          for (const unit of unitsOf(named(range))) {
            const buckets = countBuckets(rangeOf(range, { unit, zone, nowMs }), unit, zone)
            expect(buckets).toBeLessThanOrEqual(bucketsAtMost(named(range), unit))
          }
        },
      ),
    )
    const days = fc.integer({ min: Date.UTC(1990) / DAY_MS, max: Date.UTC(2060) / DAY_MS })
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 800 }), zones, (from, more, zone) => {
        const period: Period = { kind: 'days', from: text(from), to: text(from + more) }
        const start = (day: number) => periodStart(day, 'day', zone)
        for (const unit of unitsOf(period)) {
          const buckets = countBuckets({ from: start(from), to: start(from + more + 1) }, unit, zone)
          expect(buckets).toBeLessThanOrEqual(bucketsAtMost(period, unit))
        }
      }),
      {
        // Clocks that went back by three hours, and by seven.
        examples: [
          [Date.UTC(2019, 2, 15) / DAY_MS, 3, zoneOf('Antarctica/Casey')],
          [Date.UTC(1994, 0, 30) / DAY_MS, 3, zoneOf('Antarctica/Vostok')],
        ],
      },
    )
  })

  test('is compared with the hours that the API compares it with, and everything with nothing', () => {
    const [zone, nowMs] = [zoneOf('Europe/Berlin'), Date.parse('2026-11-30T12:30:00Z')]
    const hoursOfBefore = (period: Period) => {
      const hours = hoursBefore(period, zone, nowMs)
      return (
        hours && [hours.from, hours.to].map((hour) => new Date(hourStartMs(hour)).toISOString().slice(0, 13))
      )
    }
    expect(hoursOfBefore(named('7d'))).toEqual(['2026-11-16T23', '2026-11-23T13'])
    expect(hoursOfBefore(named('today'))).toEqual(['2026-11-28T23', '2026-11-29T13'])
    expect(hoursOfBefore({ kind: 'days', from: '2026-11-01', to: '2026-11-07' })).toEqual([
      '2026-10-24T22',
      '2026-10-31T23',
    ])
    expect(RANGES.filter((range) => hoursOfBefore(named(range)) === undefined)).toEqual(['all'])
    expect(RANGES.filter((range) => !hasBefore(named(range)))).toEqual(['all'])
  })

  test('is live while it goes up to now', () => {
    // It is still yesterday in Honolulu, and December already in Auckland.
    const nowMs = Date.parse('2026-11-30T12:00:00Z')
    const isLive = (period: Period, zone = 'UTC') => isCurrent(period, zoneOf(zone), nowMs)
    expect(RANGES.filter((range) => !isLive(named(range)))).toEqual(['yesterday', 'last-month'])
    const days = (from: string, to: string): Period => ({ kind: 'days', from, to })
    expect(isLive(days('2026-11-29', '2026-11-30'))).toBe(true)
    expect(isLive(days('2026-11-30', '2026-11-30'), 'Pacific/Auckland')).toBe(false)
    expect(isLive(days('2026-12-01', '2026-12-01'), 'Pacific/Auckland')).toBe(true)
    expect(isLive(days('2026-12-01', '2026-12-09'))).toBe(false)
  })

  test('is added up by what suits its length', () => {
    expect(unitOf(named('12mo'), null)).toBe('month')
    expect(unitOf(named('12mo'), 'week')).toBe('week')
    expect(unitOf(named('24h'), 'month')).toBe('hour')
    expect(unitsOf({ kind: 'days', from: '2015-05-17', to: '2015-05-20' })).toEqual(['hour', 'day', 'week'])
  })

  test('has days of the calendar alone', () => {
    expect(['2026-02-28', '2024-02-29', '2026-02-30', '2026-2-3', 'today', ''].filter(isDayText)).toEqual([
      '2026-02-28',
      '2024-02-29',
    ])
  })
})
