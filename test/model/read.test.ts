import { describe, expect, test } from 'vitest'
import { cellOf, EMPTY_CELL } from '../../src/model/cell.ts'
import type { Unsettled } from '../../src/model/read.ts'
import { isOfLedger, unsettledPart } from '../../src/model/read.ts'

const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11'

/** Batches 3 and 4 are frozen, 2 is the last known to be settled, 5 comes next. */
const held: Unsettled = {
  writer: WRITER,
  settledSeq: 2,
  nextSeq: 5,
  open: cellOf(60),
  parked: cellOf(40),
  frozen: [
    { seq: 3, cell: cellOf(10) },
    { seq: 4, cell: cellOf(1) },
  ],
}

const ledger = (seq: number, sealed = false) => new Map([[WRITER, { seq, sealed }]])

describe("a shard's part of a fresh read", () => {
  test.each([
    [2, 111n],
    [3, 101n],
    [4, 100n],
  ])('[R1] leaves out the batches that the ledger has: at seq %i it is %i', (seq, sum) => {
    expect(unsettledPart(held, ledger(seq))?.sum).toBe(sum)
  })

  test.each([
    ['the ledger has not reached what was settled', held, ledger(1)],
    ['the ledger is past what was frozen', held, ledger(5)],
    ['the writer was sealed', held, ledger(3, true)],
    ['the ledger has no row and something was settled', held, new Map()],
  ])('[R1] is asked for again when %s', (_, unsettled, rows) => {
    expect(unsettledPart(unsettled, rows)).toBeUndefined()
  })

  test('[R1] needs no ledger row before anything was settled', () => {
    const first = { ...held, settledSeq: 0, nextSeq: 1, frozen: [] }
    expect(unsettledPart(first, new Map())?.sum).toBe(100n)
  })

  test('[R1] fits rows of before it while the ledger has all that it knows to be settled, also when it holds nothing', () => {
    const nothing = { ...held, open: null, parked: null, frozen: [] }
    expect([1, 2, 4, 5].map((seq) => isOfLedger(nothing, ledger(seq)))).toEqual([false, true, true, false])
  })

  test('[R1] is nothing, whatever the ledger says, when nothing of the key is unsettled', () => {
    expect(unsettledPart({ ...held, open: null, parked: null, frozen: [] }, ledger(9))).toEqual(EMPTY_CELL)
  })
})
