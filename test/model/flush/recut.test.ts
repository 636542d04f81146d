import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SET_ASIDE_MAX, SLOW_CELLS_APART } from '../../../src/limits.ts'
import { Cells } from '../../../src/model/cells.ts'
import type { Explained, Sealed } from '../../../src/model/flush/batch.ts'
import type { Recut } from '../../../src/model/flush/recut.ts'
import { piecesToFreeze, recutFrozen } from '../../../src/model/flush/recut.ts'
import type { Trouble } from '../../../src/model/flush/trouble.ts'
import { keyedCells } from '../../support/arbitraries.ts'

type Frozen = {
  readonly seq: number
  readonly id: string
  readonly sinceMs: number
  readonly cells: Cells
  readonly trouble: Trouble | null
}

const BAD_CELL: Explained = { kind: 'cell_refused', reason: 'SQLSTATE 23514' }
const by = { bounds: { cells: 1_000, bytes: 1_000_000 }, throughs: 1 }

const failed = (over: Partial<Trouble> = {}): Trouble => ({
  why: BAD_CELL,
  since: 0,
  isKnown: true,
  alone: 0,
  aloneAt: 1,
  wait: { fromMs: 0, untilMs: 0 },
  ...over,
})

/** Nothing, or failures by themselves when the batch is of one cell. */
const troubleOf = (cells: number, state: number): Trouble | null =>
  state === 0 ? null : failed(cells === 1 ? { alone: state - 1, aloneAt: 2 - state } : {})

/** Batches that a shard can have frozen: neighbouring seqs, from anywhere on. */
const frozen: fc.Arbitrary<Frozen[]> = fc
  .tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.array(
      fc.tuple(
        keyedCells.filter((cells) => cells.length > 0),
        fc.nat(2),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([first, list]) =>
    list.map(([cells, state], i) => ({
      seq: first + i,
      id: `batch-${first + i}`,
      sinceMs: i,
      cells: Cells.of(cells),
      trouble: troubleOf(cells.length, state),
    })),
  )

/** Answers that Postgres can give about the writer: any seq, and at it one of these batches or another. */
const sealed: fc.Arbitrary<Sealed> = fc
  .tuple(fc.nat({ max: 10 }), fc.constantFrom('ours', 'another', 'none'))
  .map(([seq, whose]) => ({
    seq,
    batch: whose === 'none' ? null : `${whose === 'ours' ? '' : 'another-'}batch-${seq}`,
  }))

const seqs = fc.integer({ min: 1, max: 9 })
const recuts: fc.Arbitrary<Recut> = fc.oneof(
  fc.constant({ kind: 'keep' as const }),
  fc.record({ kind: fc.constant('cut' as const), seq: seqs, isSlow: fc.boolean() }),
  fc.record({ kind: fc.constant('probe' as const), seq: seqs, nth: fc.nat(50) }),
  fc.record({ kind: fc.constant('aside' as const), seq: seqs }),
)

const increments = (pieces: readonly { readonly cells: Cells }[]) =>
  pieces.reduce((sum, { cells }) => sum + cells.countIncrements(), 0)

/** The sum of each key over all of these. */
function sumsOf(pieces: readonly { readonly cells: Cells }[]): Map<string, bigint> {
  const sums = new Map<string, bigint>()
  for (const { cells } of pieces)
    for (const [key, { sum }] of cells) sums.set(key, (sums.get(key) ?? 0n) + sum)
  return sums
}

/** Batches that failed may be of the batch in question, which has failed whenever it is asked about. */
const asked = (batches: readonly Frozen[], recut: Recut): Frozen[] =>
  batches.map((batch) =>
    recut.kind !== 'keep' && batch.seq === recut.seq
      ? { ...batch, trouble: batch.trouble ?? failed() }
      : batch,
  )

describe('moving on from a sealed writer', () => {
  test('[A1] [C1] every cell of the frozen batches is settled or moved, once, however it is cut and put together', () => {
    fc.assert(
      fc.property(frozen, sealed, recuts, (generated, seal, recut) => {
        const batches = asked(generated, recut)
        const { settled, pieces, parked } = recutFrozen(batches, seal, recut, by)
        const isApplied = ({ seq, id }: Frozen) => seq < seal.seq || (seq === seal.seq && id === seal.batch)
        expect(settled).toBe(increments(batches.filter(isApplied)))
        const rest = batches.filter((batch) => !isApplied(batch))
        expect(parked.length).toBe(0)
        expect(increments(pieces)).toBe(increments(rest))
        expect(sumsOf(pieces)).toEqual(sumsOf(rest))
        expect(
          pieces.every(({ cells }) => cells.length > 0 && new Set(cells.keys).size === cells.length),
        ).toBe(true)
      }),
    )
  })

  const cells = (...names: string[]): Cells =>
    Cells.of(names.map((key) => [key, { sum: 1n, count: 1, min: 1, max: 1 }]))
  const batchOf = (seq: number, own: Cells, trouble: Trouble | null = null): Frozen => ({
    seq,
    id: `batch-${seq}`,
    sinceMs: seq,
    cells: own,
    trouble,
  })
  const batches = [batchOf(4, cells('a', 'b', 'c'), failed()), batchOf(5, cells('a', 'd'))]
  const keysOf = (pieces: readonly { readonly cells: Cells }[]) =>
    pieces.map((piece) => piece.cells.keys.join(''))

  test('[P1] a batch at the sealed seq is settled when it is the one that Postgres has', () => {
    const { settled, pieces } = recutFrozen(batches, { seq: 4, batch: 'batch-4' }, { kind: 'keep' }, by)
    expect({ settled, keys: keysOf(pieces) }).toEqual({ settled: 3, keys: ['ad'] })
  })

  test('[F3] it is not settled when Postgres has another under its seq', () => {
    const { settled, pieces } = recutFrozen(batches, { seq: 4, batch: 'another' }, { kind: 'keep' }, by)
    expect({ settled, keys: keysOf(pieces) }).toEqual({ settled: 0, keys: ['abc', 'ad'] })
  })

  const seal = { seq: 3, batch: 'batch-3' }

  test('[P3] only the batch in question is cut, behind those that have not failed', () => {
    const { pieces } = recutFrozen(batches, seal, { kind: 'cut', seq: 4, isSlow: false }, by)
    expect(keysOf(pieces)).toEqual(['ad', 'ab', 'c'])
    expect(pieces.map(({ sinceMs }) => sinceMs)).toEqual([5, 4, 4])
    const one = [batchOf(4, cells('a'), failed())]
    expect(keysOf(recutFrozen(one, seal, { kind: 'cut', seq: 4, isSlow: false }, by).pieces)).toEqual(['a'])
  })

  test('[P3] a slow batch is in single cells after two cuts, because each step takes all of the time of a statement', () => {
    const slow = (count: number) => {
      const own = cells(...Array.from({ length: count }, (_, i) => `k${i}`))
      const cut = { kind: 'cut', seq: 4, isSlow: true } as const
      return Math.max(
        ...recutFrozen([batchOf(4, own, failed())], seal, cut, by).pieces.map((piece) => piece.cells.length),
      )
    }
    expect(slow(2)).toBe(1)
    expect(slow(SLOW_CELLS_APART)).toBe(1)
    expect(slow(5_000)).toBeLessThanOrEqual(SLOW_CELLS_APART)
  })

  test('[P3] a cell that is parked takes along the others of its key that have failed by themselves', () => {
    const lone = failed({ alone: 1 })
    const all = [batchOf(4, cells('a'), lone), batchOf(5, cells('a'), lone), batchOf(6, cells('b'), lone)]
    const { pieces, parked } = recutFrozen(all, seal, { kind: 'park', seq: 4 }, by)
    expect(parked.countIncrements()).toBe(2)
    expect([new Set(parked.keys), keysOf(pieces)]).toEqual([new Set(['a']), ['b']])
  })

  test('[P3] single cells that are tried lie far apart, and what else has failed stays in one piece', () => {
    const own = cells(...Array.from({ length: 100 }, (_, i) => String(i).padStart(3, '0')))
    let all = [batchOf(4, own, failed())]
    const tried: number[] = []
    for (let nth = 1; nth <= SET_ASIDE_MAX + 4; nth++) {
      const { pieces } = recutFrozen(
        all,
        { seq: 0, batch: null },
        { kind: 'probe', seq: all[0]?.seq ?? 0, nth },
        by,
      )
      expect(pieces.length).toBeLessThanOrEqual(SET_ASIDE_MAX + 2)
      expect(pieces[0]?.cells.length).toBe(1)
      tried.push(Number(pieces[0]?.cells.keyAt(0)))
      all = pieces.map(({ cells: piece, trouble }, i) =>
        batchOf(i + 1, piece, i === 0 ? failed({ alone: 1 }) : trouble),
      )
    }
    const [a = 0, b = 0, c = 0] = tried
    expect(Math.min(Math.abs(a - b), Math.abs(b - c), Math.abs(a - c))).toBeGreaterThan(20)
    expect(new Set(tried).size).toBe(tried.length)
  })

  test('[P3] cells that are put together again count from the last failure among them, so that no earlier success speaks against them', () => {
    const all = [
      batchOf(4, cells('a', 'b', 'c'), failed({ since: 1 })),
      batchOf(5, cells('d', 'e'), failed({ since: 3 })),
    ]
    const { pieces } = recutFrozen(all, { seq: 0, batch: null }, { kind: 'probe', seq: 5, nth: 1 }, by)
    const joined = pieces.filter((piece) => piece.cells.keys.includes('a'))
    expect(joined.map((piece) => piece.trouble?.since)).toEqual([3])
  })
})

describe('freezing while something is left alone', () => {
  test('[P3] keeps later cells of such a key apart, so that they hold up no others', () => {
    const of = (...keys: string[]) =>
      Cells.of(keys.map((key) => [key, { sum: 1n, count: 1, min: 1, max: 1 }]))
    const lone = { cells: of('b'), sinceMs: 0, trouble: failed({ alone: 1 }) }
    const pieces = piecesToFreeze(of('a', 'b', 'c'), [lone], 9, by.bounds)
    expect(pieces.map((piece) => [piece.cells.keys.join(''), piece.trouble?.alone ?? 0])).toEqual([
      ['ac', 0],
      ['b', 1],
    ])
  })
})
