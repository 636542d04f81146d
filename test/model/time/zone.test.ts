import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatInZone, localMs, OFFSET_MS_MAX, parseZone, UTC } from '../../../src/model/time/zone.ts'

const names = Intl.supportedValuesOf('timeZone')

/** Of the years that a request may name. */
const times = fc.oneof(
  fc.integer({ min: Date.UTC(1850, 0), max: Date.UTC(2100, 0) }),
  fc.integer({ min: Date.UTC(1001, 0), max: Date.UTC(9998, 0) }),
)

/** The clocks' time as the engine says it, to the second. */
function shown(name: string, ms: number): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' })
  return format.format(ms).replace(' ', 'T')
}

describe('a zone', () => {
  test("shows what the engine's own clock shows, at any time", () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(times, { minLength: 1, maxLength: 8 }), (name, all) => {
        const zone = parseZone(name) ?? expect.fail(name)
        for (const ms of all) {
          expect(Math.abs(zone.offsetAt(ms))).toBeLessThanOrEqual(OFFSET_MS_MAX)
          expect(new Date(localMs(zone, ms)).toISOString().slice(0, 19)).toBe(shown(name, ms))
        }
      }),
    )
  })

  test('writes a time that is read back as the same', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), times, (name, ms) => {
        const zone = parseZone(name) ?? expect.fail(name)
        expect(Date.parse(formatInZone(zone, ms))).toBe(Math.floor(ms / 1000) * 1000)
      }),
    )
  })

  test.each([
    ['UTC', 'Z'],
    ['etc/utc', 'Z'],
    ['GMT', '+00:00'],
    ['Europe/London', '+00:00'],
    ['asia/kolkata', '+05:30'],
    ['America/St_Johns', '-03:30'],
    ['Etc/GMT+5', '-05:00'],
    ['GB', '+00:00'],
    ['EST', '-05:00'],
  ])('%s is written with %s', (name, offset) => {
    const zone = parseZone(name) ?? expect.fail(name)
    expect(zone.name).toBe(name)
    expect(formatInZone(zone, Date.UTC(2026, 10, 21)).slice(19)).toBe(offset)
  })

  // BST would be Dhaka, IST Kolkata and CST Chicago.
  test.each([
    '',
    'Berlin',
    'Europe/Nowhere',
    '+05:30',
    'BST',
    'IST',
    'CST',
    'CEST',
    'UTC ',
    '2',
    'a'.repeat(99),
    '\0',
  ])('%j is none', (name) => {
    expect(parseZone(name)).toBeUndefined()
  })

  test('UTC is never ahead of itself', () => {
    expect(formatInZone(UTC, 0)).toBe('1970-01-01T00:00:00Z')
  })
})
