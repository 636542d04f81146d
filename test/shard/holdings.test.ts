import { beforeEach, describe, expect, test } from 'vitest'
import { cellBytes, cellOf, type KeyedCell, mergeCells } from '../../src/model/cell.ts'
import { SHARD_LIMITS } from '../../src/shard/bounds.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeSql } from '../support/node-sql.ts'

let store: ShardStore
let n: number

beforeEach(() => {
  let id = 0
  // One cell a batch, so that a freeze makes several.
  store = new ShardStore(nodeSql(), () => `id-${++id}`, { ...SHARD_LIMITS, batchCells: 1 })
  n = 0
})

const CELLS: readonly KeyedCell[] = [
  ['a/1', cellOf(1)],
  ['a/2', cellOf(20)],
  ['a/3', cellOf(300)],
  ['b/1', cellOf(4_000)],
]

function merge(cells: readonly KeyedCell[]): void {
  n += 1
  store.merge([arrivalOf('sender', n, [...cells])], n)
}

function freeze(cells: readonly KeyedCell[]): void {
  merge(cells)
  store.freeze(n, () => undefined)
}

const sumOf = (cells: readonly { readonly cell: { readonly sum: bigint } }[]) =>
  cells.reduce((sum, { cell }) => sum + cell.sum, 0n)

describe('a shard with several frozen batches', () => {
  beforeEach(() => freeze(CELLS))

  test('[R1] says the last seq that Postgres has confirmed, and not the first that it has not', () => {
    const seqs = () =>
      [store.unsettled('a/1'), store.sumUnsettled('a/', null)].map(({ settledSeq, nextSeq }) => ({
        settledSeq,
        nextSeq,
      }))
    const twice = (settledSeq: number) =>
      [settledSeq, settledSeq].map((seq) => ({ settledSeq: seq, nextSeq: 5 }))
    expect(seqs()).toEqual(twice(0))
    for (const seq of [1, 2, 3, 4]) {
      store.settle(seq)
      expect(seqs()).toEqual(twice(seq))
    }
    merge(CELLS)
    expect(seqs()).toEqual(twice(4))
  })

  test('[R1] tells a series what each of them has', () => {
    const { frozen } = store.sumUnsettled('a/', null)
    expect(frozen.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(sumOf(frozen)).toBe(321n)
    store.settle(1)
    expect(sumOf(store.sumUnsettled('a/', null).frozen)).toBe(320n)
    expect(sumOf(store.sumUnsettled('', 'b').frozen)).toBe(4_000n)
  })

  test('[R1] tells a read of one key which of them has it', () => {
    expect(store.unsettled('a/3').frozen).toEqual([{ seq: 3, cell: cellOf(300) }])
  })

  test('[C1] counts the increments of all of them as pending, of an hour and of a prefix', () => {
    merge([['a/1', cellOf(1)]])
    expect(store.countUnsettled(null)).toEqual({ pending: 5, parked: 0 })
    expect(store.countUnsettled('a')).toEqual({ pending: 4, parked: 0 })
    store.settle(1)
    expect(store.countUnsettled('a')).toEqual({ pending: 3, parked: 0 })
  })
})

describe('a shard with parked cells', () => {
  test('[I5] counts them in what it holds, beside what is open and frozen', () => {
    freeze(CELLS)
    const bytes = CELLS.reduce((sum, [key]) => sum + cellBytes(key), 0)
    expect(store.load).toMatchObject({ cells: 4, bytes })
    store.moveOn({ seq: 0, batch: null }, { kind: 'park', seq: 1 }, 'refused', n)
    expect(store.parked.size).toBe(1)
    expect(store.load).toMatchObject({ cells: 4, bytes })
    for (const { seq } of store.frozen) store.settle(seq)
    expect(store.load).toMatchObject({ cells: 1, bytes: cellBytes('a/1') })
    store.discardParked(['a/1'])
    expect(store.load).toMatchObject({ cells: 0, bytes: 0 })
  })

  test('[R1] tells them to reads, and counts them apart from what is pending', () => {
    freeze(CELLS)
    store.moveOn({ seq: 0, batch: null }, { kind: 'park', seq: 2 }, 'refused', n)
    expect(store.unsettled('a/2').parked).toEqual(cellOf(20))
    const { parked, frozen } = store.sumUnsettled('a/', null)
    expect(parked).toEqual(cellOf(20))
    expect(frozen.map(({ cell }) => cell).reduce(mergeCells).sum).toBe(301n)
    expect(store.countUnsettled('a')).toEqual({ pending: 2, parked: 1 })
  })
})
