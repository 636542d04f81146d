import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError } from '../../src/model/assert.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { mergeCells } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { narrow } from '../../src/model/sum.ts'
import { cells, keyedCells } from '../support/arbitraries.ts'

describe('cells as columns', () => {
  test('hold what they were made of, in its order', () => {
    fc.assert(
      fc.property(keyedCells, (list) => {
        const visited: KeyedCell[] = []
        Cells.of(list).forEach((key, sum, count, min, max) => {
          visited.push([key, { sum: BigInt(sum), count, min, max }])
        })
        expect(visited).toEqual(list)
        expect([...Cells.of(list)]).toEqual(list)
      }),
    )
  })

  test('[A1] add up in place to what merging makes of them', () => {
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        const both = Cells.of([['k', a]])
        both.mergeAt(0, narrow(b.sum), b.count, b.min, b.max)
        expect(both.cellAt(0)).toEqual(mergeCells(a, b))
      }),
    )
  })

  test('[C1] are the same cells in two parts, whether they are cut at a place or by their keys', () => {
    fc.assert(
      fc.property(keyedCells, fc.nat(10), (list, place) => {
        const all = Cells.of(list)
        expect([...all.slice(0, place), ...all.slice(place)]).toEqual(list)
        const isFirst = (key: string) => key < 'b'
        const parts = [all.where(isFirst), all.where((key) => !isFirst(key))]
        expect(new Map(parts.flatMap((part) => [...part]))).toEqual(new Map(list))
        expect(parts.map((part) => part.countIncrements()).reduce((a, b) => a + b)).toBe(
          all.countIncrements(),
        )
      }),
    )
  })

  test('with a column that is too short are a bug, and not a cell that adds nothing', () => {
    expect(() => new Cells(['a', 'b'], [1, 2], [1], [1, 2], [1, 2])).toThrow(BugError)
  })
})
