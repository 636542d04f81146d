import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hourOf } from '../../../src/model/hour.ts'
import { instantInAnyUnit } from '../../../src/model/time/any-unit.ts'

describe('a time in any unit', () => {
  const MS = 1_795_998_964_123

  test.each<[unknown, number]>([
    [1_795_998_964, 1_795_998_964_000],
    [1_795_998_964.123456, MS],
    ['1795998964.1', MS - 23],
    [MS, MS],
    [`${MS}.9`, MS],
    [1_795_998_964_123_456, MS],
    ['1795998964123456789', MS],
    ['1795998964999999999', 1_795_998_964_999],
    ['2026-11-30T00:36:04.123Z', MS],
    ['2026-11-30T01:36:04.123456789+01:00', MS],
  ])('%j is read by its digits', (value, ms) => {
    expect(instantInAnyUnit(value)).toBe(ms)
  })

  test.each([
    0,
    -5,
    '',
    'now',
    '2026-11-30',
    '12:00',
    '-1795998964',
    null,
    true,
    {},
    Number.NaN,
    1e30,
    '1'.repeat(21),
  ])('%j is none', (value) => {
    expect(instantInAnyUnit(value)).toBeUndefined()
  })

  test('[K1] never leaves its hour, down to the last nanosecond', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 400_000, max: 600_000 }),
        fc.integer({ min: 1, max: 1_000 }),
        (hour, before) => {
          const ns = BigInt(hour) * 3_600_000_000_000n - BigInt(before)
          const seconds = `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`
          for (const text of [String(ns), seconds]) {
            expect(hourOf(instantInAnyUnit(text) ?? 0)).toBe(hour - 1)
          }
        },
      ),
    )
  })
})
