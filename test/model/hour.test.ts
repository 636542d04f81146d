import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  firstHourFrom,
  formatHour,
  formatHourStart,
  hourEndMs,
  hourOf,
  hourStartMs,
  parseHour,
} from '../../src/model/hour.ts'
import { parseRfc3339 } from '../../src/model/time/instant.ts'

const times = fc.integer({ min: 0, max: Date.UTC(9999, 0) })

describe('an hour', () => {
  test('[K1] holds the times from its start to before its end', () => {
    fc.assert(
      fc.property(times, (ms) => {
        const hour = hourOf(ms)
        expect(hourStartMs(hour)).toBeLessThanOrEqual(ms)
        expect(hourEndMs(hour)).toBeGreaterThan(ms)
      }),
    )
  })

  test('is read back from its name', () => {
    fc.assert(
      fc.property(times, (ms) => {
        expect(parseHour(formatHour(hourOf(ms)))).toBe(hourOf(ms))
      }),
    )
    expect(formatHour(hourOf(Date.UTC(2026, 10, 21, 20, 59)))).toBe('2026-11-21T20Z')
    expect(formatHourStart(hourOf(Date.UTC(2026, 10, 21, 20, 59)))).toBe('2026-11-21T20:00:00Z')
  })

  test.each(['2026-11-21T20', '2026-11-21T24Z', '2026-02-30T01Z', '2026-13-01T00Z', '2026-11-21T2Z', ''])(
    'is not read from %j',
    (text) => expect(parseHour(text)).toBeUndefined(),
  )

  test('is in a range that begins with it or before, and in none that ends with it or before', () => {
    fc.assert(
      fc.property(times, times, (ms, bound) => {
        const hour = hourOf(ms)
        expect(hour >= firstHourFrom(bound)).toBe(hourStartMs(hour) >= bound)
      }),
    )
  })
})

describe('an RFC 3339 time', () => {
  test('is the instant that it names, in any offset', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: -1439, max: 1439 }), (ms, offset) => {
        const local = new Date(ms + offset * 60_000)
        if (local.getUTCFullYear() < 1970 || local.getUTCFullYear() > 9999) return
        const sign = offset < 0 ? '-' : '+'
        const pad = (number: number) => String(number).padStart(2, '0')
        const zone = `${sign}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`
        expect(parseRfc3339(local.toISOString().replace('Z', zone))).toBe(ms)
      }),
    )
  })

  test.each([
    ['2026-11-21T20:15:00Z', Date.UTC(2026, 10, 21, 20, 15)],
    ['2026-11-21t20:15:00z', Date.UTC(2026, 10, 21, 20, 15)],
    ['2026-11-21T20:59:59.9999999Z', Date.UTC(2026, 10, 21, 20, 59, 59, 999)],
    ['2026-11-21T01:15:00+05:30', Date.UTC(2026, 10, 20, 19, 45)],
    ['2024-02-29T00:00:00-00:00', Date.UTC(2024, 1, 29)],
  ])('%s is %i', (text, ms) => expect(parseRfc3339(text)).toBe(ms))

  test.each([
    '2026-11-21',
    '2026-11-21T20:15Z',
    '2026-11-21 20:15:00Z',
    '2026-11-21T20:15:00',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-00T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T20:60:00Z',
    '2026-11-21T20:15:60Z',
    '2026-11-21T20:15:00+24:00',
    '2026-11-21T20:15:00.Z',
    '+002026-11-21T20:15:00Z',
    'yesterday',
    '',
  ])('%j is none', (text) => expect(parseRfc3339(text)).toBeUndefined())
})
