import { describe, expect, test } from 'vitest'
import { addSums, narrow } from '../../src/model/sum.ts'

/** Sums on both sides of 2^53, where doubles stop to tell neighbours apart. */
const EDGE = Array.from({ length: 9 }, (_, i) => 2n ** 53n - 4n + BigInt(i)).flatMap((sum) => [sum, -sum])
const SMALL = [-5n, -2n, -1n, 0n, 1n, 2n, 5n]

describe('[A2] a sum near 2^53', () => {
  test('is the same number when it was narrowed', () => {
    for (const sum of EDGE) expect(BigInt(narrow(sum))).toBe(sum)
  })

  test('is exact after an addition, and after one more to its result', () => {
    for (const a of EDGE) {
      for (const b of SMALL) {
        for (const c of SMALL) {
          expect(BigInt(addSums(addSums(narrow(a), narrow(b)), narrow(c))), `${a} + ${b} + ${c}`).toBe(
            a + b + c,
          )
        }
      }
    }
  })

  test('is a number only where the number stands for no other sum', () => {
    expect(narrow(2n ** 53n - 1n)).toBe(2 ** 53 - 1)
    expect(narrow(2n ** 53n)).toBe(2n ** 53n)
    expect(addSums(2 ** 53 - 1, 1)).toBe(2n ** 53n)
    expect(addSums(2n ** 53n, -1)).toBe(2 ** 53 - 1)
  })
})
