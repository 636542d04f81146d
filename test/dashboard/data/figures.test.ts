import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { change, duration, figure, rate, share } from '../../../src/dashboard/data/numbers.ts'
import { shorten } from '../../../src/model/text/short-number.ts'

describe('a number', () => {
  test.each([
    [0n, '0'],
    [999n, '999'],
    [1_000n, '1k'],
    [1_234n, '1.23k'],
    [12_345n, '12.3k'],
    [999_999n, '999k'],
    [1_050_000n, '1.05M'],
    [-45_678_901n, '-45.6M'],
    [9_007_199_254_740_993n, '9Q'],
    [10n ** 24n, '1.00e24'],
  ])('%s is shortened to %s', (n, text) => {
    expect(shorten(n)).toBe(text)
  })

  test('shortened is no more than there is, and less by less than a hundredth', () => {
    const units: Record<string, bigint> = {
      '': 1n,
      k: 1000n,
      M: 10n ** 6n,
      B: 10n ** 9n,
      T: 10n ** 12n,
      Q: 10n ** 15n,
    }
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), (n) => {
        const [, digits = '', unit = ''] = /^([\d.]+)(\D?)$/.exec(shorten(n)) ?? []
        const shown = (BigInt(Math.round(Number(digits) * 100)) * (units[unit] ?? 0n)) / 100n
        expect(shown <= n && (n - shown) * 100n <= n).toBe(true)
        expect(digits.length).toBeLessThanOrEqual(4)
      }),
    )
  })

  test('is grouped while it fits its place, and exact', () => {
    expect(figure(9_999_999n)).toBe('9,999,999')
    expect(figure(12_345_678n)).toBe('12.3M')
    expect(figure(12_345_678n, 'headline')).toBe('12,345,678')
    expect(figure(1_500_000, 'axis')).toBe('1.5M')
    expect(figure(-1_234)).toBe('-1,234')
  })

  test('that says how much of something is calm at either end', () => {
    expect([share(0n, 10n), share(1n, 10_000n), share(1n, 3n), share(5n, 5n)]).toEqual([
      '0%',
      '<0.1%',
      '33.3%',
      '100.0%',
    ])
    expect([rate(0), rate(0.04), rate(3.14), rate(1234.5)]).toEqual(['0', '<0.1', '3.1', '1,235'])
    expect([duration(400), duration(61_000), duration(90 * 60_000)]).toEqual(['400 ms', '1 min', '2 h'])
  })
})

describe('a change', () => {
  test.each([
    [125n, 100n, '+25.0%'],
    [96n, 100n, '−4.0%'],
    [0n, 100n, '−100%'],
    [7n, 7n, '0%'],
    [0n, 0n, '0%'],
    [1_000_001n, 1_000_000n, '<+0.1%'],
    [999_999n, 1_000_000n, '<−0.1%'],
    [230n, 100n, '+130%'],
    [1_000n, 100n, '×10'],
    [12_345_678_000n, 1n, '×12.3B'],
    // Nothing before, or below nothing: a share makes no sense.
    [120n, 0n, '+120'],
    [-3n, 0n, '−3'],
    [5n, -5n, '+10'],
    [-5n, 5n, '−10'],
  ])('is said with its sign: %s after %s is %s', (now, before, said) => {
    expect(change(now, before)).toBe(said)
  })

  test('has the sign of its direction, at any size', () => {
    const sums = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n })
    fc.assert(
      fc.property(sums, sums, (now, before) => {
        const said = change(now, before)
        expect(said.includes('−')).toBe(now < before)
        expect(/[+×]/.test(said)).toBe(now > before)
      }),
    )
  })
})

test.each([
  [5n, 0n],
  [-3n, 10n],
  [-3n, -10n],
  [4n, -10n],
  [12n, 10n],
])('%s of %s is no share of it, and none is said', (part, whole) => {
  expect(share(part, whole)).toBe('')
})
