import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cells } from '../../../src/model/cells.ts'
import type { Recut, Sealed } from '../../../src/model/flush/recut.ts'
import { recutFrozen } from '../../../src/model/flush/recut.ts'
import { keyedCells } from '../../support/arbitraries.ts'

type Frozen = { readonly seq: number; readonly id: string; readonly cells: Cells }

/** Batches that a shard can have frozen: neighbouring seqs, from anywhere on. */
const frozen: fc.Arbitrary<Frozen[]> = fc
  .tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.array(
      keyedCells.filter((cells) => cells.length > 0),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([first, list]) =>
    list.map((cells, i) => ({ seq: first + i, id: `batch-${first + i}`, cells: Cells.of(cells) })),
  )

/** Answers that Postgres can give about the writer: any seq, and at it one of these batches or another. */
const sealed: fc.Arbitrary<Sealed> = fc
  .tuple(fc.nat({ max: 10 }), fc.constantFrom('ours', 'another', 'none'))
  .map(([seq, whose]) => ({
    seq,
    batch: whose === 'none' ? null : `${whose === 'ours' ? '' : 'another-'}batch-${seq}`,
  }))

const recuts: fc.Arbitrary<Recut> = fc.oneof(
  fc.constant({ kind: 'keep' as const }),
  fc.record({
    kind: fc.constantFrom('halve' as const, 'park' as const),
    seq: fc.integer({ min: 1, max: 9 }),
  }),
)

const increments = (pieces: readonly Cells[]) =>
  pieces.reduce((sum, cells) => sum + cells.countIncrements(), 0)

const cellsOf = (all: readonly Pick<Frozen, 'cells'>[]) => all.flatMap(({ cells }) => [...cells])

describe('moving on from a sealed writer', () => {
  test('[A1] [C1] every cell of the frozen batches is settled, moved or parked, once and in its order', () => {
    fc.assert(
      fc.property(frozen, sealed, recuts, (batches, seal, recut) => {
        const { settled, pieces, parked } = recutFrozen(batches, seal, recut)
        const isApplied = ({ seq, id }: Frozen) => seq < seal.seq || (seq === seal.seq && id === seal.batch)
        expect(settled).toBe(increments(batches.filter(isApplied).map(({ cells }) => cells)))
        const rest = batches.filter((batch) => !isApplied(batch))
        const isParked = ({ seq }: Frozen) => recut.kind === 'park' && recut.seq === seq
        expect([...parked]).toEqual(cellsOf(rest.filter(isParked)))
        expect(pieces.flatMap((piece) => [...piece])).toEqual(
          cellsOf(rest.filter((batch) => !isParked(batch))),
        )
        expect(pieces.every((piece) => piece.length > 0)).toBe(true)
      }),
    )
  })

  const cells = (...names: string[]): Cells =>
    Cells.of(names.map((key) => [key, { sum: 1n, count: 1, min: 1, max: 1 }]))
  const batches: Frozen[] = [
    { seq: 4, id: 'four', cells: cells('a', 'b', 'c') },
    { seq: 5, id: 'five', cells: cells('a', 'd') },
  ]

  test('[P1] a batch at the sealed seq is settled when it is the one that Postgres has', () => {
    const { settled, pieces } = recutFrozen(batches, { seq: 4, batch: 'four' }, { kind: 'keep' })
    expect({ settled, pieces }).toEqual({ settled: 3, pieces: [cells('a', 'd')] })
  })

  test('[F3] it is not settled when Postgres has another under its seq', () => {
    const { settled, pieces } = recutFrozen(batches, { seq: 4, batch: 'another' }, { kind: 'keep' })
    expect({ settled, pieces }).toEqual({ settled: 0, pieces: [cells('a', 'b', 'c'), cells('a', 'd')] })
  })

  test('[P3] only the batch in question is halved, and one of a single cell stays whole', () => {
    const seal = { seq: 3, batch: 'three' }
    expect(recutFrozen(batches, seal, { kind: 'halve', seq: 4 }).pieces).toEqual([
      cells('a', 'b'),
      cells('c'),
      cells('a', 'd'),
    ])
    const single = [{ seq: 4, id: 'four', cells: cells('a') }]
    expect(recutFrozen(single, seal, { kind: 'halve', seq: 4 }).pieces).toEqual([cells('a')])
  })
})
