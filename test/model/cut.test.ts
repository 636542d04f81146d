import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cellBytes } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { cut, cutInOrder } from '../../src/model/cut.ts'
import { keyedCells, keys } from '../support/arbitraries.ts'

describe('cutting', () => {
  const bounds = fc.record({ cells: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 1, max: 600 }) })

  test('[A1] conserves every cell, each in one piece, keys ascending', () => {
    fc.assert(
      fc.property(keyedCells, bounds, (list, within) => {
        const pieces = cut(Cells.of(list), within)
        expect(pieces.flatMap((piece) => [...piece])).toEqual([...list].sort(([a], [b]) => (a < b ? -1 : 1)))
      }),
    )
  })

  test('[A1] conserves every cell in its order, where that is asked for', () => {
    fc.assert(
      fc.property(keyedCells, bounds, (list, within) => {
        expect(cutInOrder(Cells.of(list), within).flatMap((piece) => [...piece])).toEqual(list)
      }),
    )
  })

  test('[A1] keeps every piece within its bounds, unless a single cell is larger', () => {
    fc.assert(
      fc.property(keyedCells, bounds, (list, within) => {
        for (const piece of [...cut(Cells.of(list), within), ...cutInOrder(Cells.of(list), within)]) {
          const bytes = piece.keys.reduce((sum, key) => sum + cellBytes(key), 0)
          expect(piece.length).toBeGreaterThan(0)
          expect(piece.length).toBeLessThanOrEqual(within.cells)
          expect(piece.length === 1 || bytes <= within.bytes).toBe(true)
        }
      }),
    )
  })

  test('[R1] a piece finds the cell of each of its keys, and of no other', () => {
    fc.assert(
      fc.property(keyedCells, keys, (list, other) => {
        const [piece = new Cells()] = cut(Cells.of(list), { cells: 30, bytes: Number.POSITIVE_INFINITY })
        for (const [key, cell] of list) expect(piece.find(key)).toEqual(cell)
        expect(piece.find(other)).toEqual(new Map(list).get(other))
      }),
    )
  })
})
