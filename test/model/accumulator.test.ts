import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Accumulator } from '../../src/model/accumulator.ts'
import { cellOf, EMPTY_CELL, mergeCells } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { encodeFlight } from '../../src/model/flight.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import { utf8Bytes } from '../../src/model/text/utf8.ts'
import { cells, keyedCells, keys, values } from '../support/arbitraries.ts'

describe('cells', () => {
  test('[A1] merging is associative', () => {
    fc.assert(
      fc.property(cells, cells, cells, (a, b, c) => {
        expect(mergeCells(mergeCells(a, b), c)).toEqual(mergeCells(a, mergeCells(b, c)))
      }),
    )
  })

  test('[A1] merging is commutative', () => {
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        expect(mergeCells(a, b)).toEqual(mergeCells(b, a))
      }),
    )
  })

  test('[A1] the empty cell is its identity', () => {
    fc.assert(
      fc.property(cells, (cell) => {
        expect(mergeCells(EMPTY_CELL, cell)).toEqual(cell)
      }),
    )
  })

  test('[A2] a sum is exact past 2^63, where doubles and 64-bit integers are not', () => {
    const most = cellOf(Number.MAX_SAFE_INTEGER)
    let cell = most
    for (let doubled = 0; doubled < 20; doubled++) cell = mergeCells(cell, cell)
    expect(mergeCells(cell, cellOf(1)).sum).toBe((2n ** 53n - 1n) * 2n ** 20n + 1n)
  })
})

describe('an accumulator', () => {
  test('[A1] holds for each key what the increments add up to, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, values)), (increments) => {
        const forwards = accumulate(increments)
        const backwards = accumulate(increments.toReversed())
        expect(new Map(forwards.cells)).toEqual(new Map(backwards.cells))
        expect(forwards.increments).toBe(increments.length)
        for (const key of new Set(increments.map(([k]) => k))) {
          const own = increments.filter(([k]) => k === key).map(([, value]) => value)
          const sum = own.reduce((total, value) => total + BigInt(value), 0n)
          expect(forwards.get(key)).toEqual({
            sum,
            count: own.length,
            min: Math.min(...own),
            max: Math.max(...own),
          })
        }
      }),
    )
  })

  test('[A2] its sums are exact where they pass 2^53, and where they come back', () => {
    const large = fc.array(fc.maxSafeInteger(), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(large, (own) => {
        const [sum] = [...accumulate(own.map((value) => ['k', value])).cells].map(([, cell]) => cell.sum)
        expect(sum).toBe(own.reduce((total, value) => total + BigInt(value), 0n))
      }),
    )
  })

  test('[I5] its size in bytes is never less than what it takes encoded', () => {
    fc.assert(
      fc.property(keyedCells, (list) => {
        const accumulator = new Accumulator()
        accumulator.addCells(Cells.of(list))
        const overhead = utf8Bytes(encodeFlight(null, new Cells()))
        expect(utf8Bytes(encodeFlight(null, Cells.of(list)))).toBeLessThanOrEqual(
          accumulator.bytes + overhead,
        )
      }),
    )
  })
})

function accumulate(increments: readonly (readonly [string, number])[]): Accumulator {
  const accumulator = new Accumulator()
  accumulator.addIncrements({
    keys: increments.map(([key]) => key),
    values: increments.map(([, value]) => value),
    isPlain: false,
    bytes: 0,
  })
  return accumulator
}

test('[L1] a key has the sum of what came without labels and of all its slices, in an accumulator and in frozen cells', () => {
  const slices = fc.array(
    fc.tuple(
      fc.constantFrom('a', 'a ', 'a/b', 'b'),
      fc.constantFrom(undefined, { plan: 'x' }, { plan: 'y' }, { other: '1', plan: 'x' }),
      values,
    ),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(slices, (list) => {
      const accumulator = new Accumulator()
      const naive = new Map<string, bigint>()
      for (const [key, labels, value] of list) {
        accumulator.addCells(Cells.of([[key + labelsText(labels), cellOf(value)]]))
        naive.set(key, (naive.get(key) ?? 0n) + BigInt(value))
      }
      const frozen = accumulator.cells.pick(accumulator.cells.placesByKey())
      for (const key of ['a', 'a ', 'a/b', 'b', 'c']) {
        expect(accumulator.get(key)?.sum).toBe(naive.get(key))
        expect(frozen.find(key)).toEqual(accumulator.get(key))
      }
    }),
  )
})
