import fc from 'fast-check'
import type { Cell, KeyedCell } from '../../src/model/cell.ts'
import { keyFault } from '../../src/model/key.ts'

/** Keys that a request may have, quotes, backslashes and characters outside the first plane among them. */
export const keys = fc
  .oneof(
    fc.stringMatching(/^[a-c]\/[a-c]$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('"', '\\', '/', 'é', '漢', '𝄞', ' '), minLength: 1, maxLength: 20 }),
  )
  .filter((key) => keyFault(key) === undefined)

/** Values that a request may have. */
export const values = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.maxSafeInteger().filter((value) => value > 0),
)

/** Cells that no single increment makes: of either sign, and past 2^63. */
export const cells: fc.Arbitrary<Cell> = fc.record({
  sum: fc.oneof(fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }), fc.bigInt({ min: -9n, max: 9n })),
  count: fc.integer({ min: 1, max: 2 ** 40 }),
  min: fc.maxSafeInteger(),
  max: fc.maxSafeInteger(),
})

export const keyedCells: fc.Arbitrary<KeyedCell[]> = fc.uniqueArray(fc.tuple(keys, cells), {
  selector: ([key]) => key,
  maxLength: 30,
})
