import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearWhole, scaled } from '../../../src/model/meter/decimal.ts'

describe('a decimal number times a power of ten', () => {
  test.each<[unknown, number, number]>([
    [19.99, 2, 1999],
    ['19.99', 2, 1999],
    [1.1, 1, 11],
    [0.07, 2, 7],
    ['1.50', 1, 15],
    [1500, -3, 1.5],
    [2000, -3, 2],
    ['-0.5', 1, -5],
    ['1e3', 0, 1000],
    ['1.2e-3', 4, 12],
    [5, 0, 5],
    ['007', 0, 7],
    ['0.000', 5, 0],
    [0, -3, 0],
    [Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER],
  ])('%j times 10^%i is %d', (value, power, product) => {
    expect(scaled(value, power)).toBe(Number.isInteger(product) ? product : Number.NaN)
  })

  test.each([
    '',
    'x',
    '1,5',
    '0x10',
    '1.2.3',
    'NaN',
    'Infinity',
    '-',
    '.5',
    ' ',
    null,
    true,
    {},
    [1],
    undefined,
  ])('there is none of %j', (value) => {
    expect(scaled(value, 0)).toBeUndefined()
  })

  test('that is too large is told from a fraction', () => {
    expect(scaled('1e30', 0)).toBe(Number.POSITIVE_INFINITY)
    expect(scaled('-99999999999999999', 0)).toBe(Number.NEGATIVE_INFINITY)
    expect(scaled('0.5', 0)).toBeNaN()
  })

  test('is exact: as integers of any size make it', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: -12, max: 12 }),
        (digits, places, power) => {
          const sign = digits < 0n ? '-' : ''
          const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0')
          const cut = text.length - places
          const decimal = `${sign}${text.slice(0, cut)}${places === 0 ? '' : `.${text.slice(cut)}`}`
          const shift = power - places
          const [factor, divisor] = [10n ** BigInt(Math.max(0, shift)), 10n ** BigInt(Math.max(0, -shift))]
          const product = digits * factor
          const exact = product % divisor === 0n ? Number(product / divisor) : Number.NaN
          const found = scaled(decimal, power)
          if (Number.isSafeInteger(exact)) expect(found === 0 ? 0 : found).toBe(exact)
          else expect(Number.isSafeInteger(found)).toBe(false)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('doubles that were added up', () => {
  test('stand for the whole number that their decimals add up to, however many there are', () => {
    const cents = fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 1, maxLength: 500 })
    fc.assert(
      fc.property(cents, (prices) => {
        const whole = prices.reduce((a, b) => a + Math.abs(b), 0)
        fc.pre(whole > 0)
        const sum = prices.reduce((a, b) => a + Math.abs(b) / 100, 0)
        expect(nearWhole(sum, 2)).toBe(whole)
        expect(nearWhole(-sum, 2)).toBe(-whole)
      }),
    )
  })

  test('stand for none where a decimal of theirs is none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 99 }), (whole, rest) => {
        expect(nearWhole(whole + rest / 100, 0)).toBeUndefined()
      }),
    )
    expect([nearWhole(1e-9, 2), nearWhole(1e300, 2), nearWhole(100_000.00001, 2)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
