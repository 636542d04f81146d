import { beforeEach, describe, expect, test } from 'vitest'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { NamedEntry } from '../../src/model/entry.ts'
import type { MergeConditions } from '../../src/shard/merge.ts'
import { mergeFlights } from '../../src/shard/merge.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeSql } from '../support/node-sql.ts'

const OPEN: MergeConditions = { nowMs: 0, closesMs: 1_000, isFull: () => false }
const CLOSED: MergeConditions = { ...OPEN, nowMs: OPEN.closesMs }
const FULL: MergeConditions = { ...OPEN, isFull: () => true }

let store: ShardStore

beforeEach(() => {
  store = new ShardStore(nodeSql(), () => 'writer')
})

/** Sends a flight as it comes over the wire: one increment of 1, and named entries. */
function send(n: number, conditions = OPEN, named: readonly NamedEntry[] = []) {
  return mergeFlights(store, [arrivalOf('isolate', n, [['key', cellOf(1)]], named)], conditions)[0]
}

const accepted = () => store.holdings().accepted

describe('a flight', () => {
  test('[I4] that was counted gets its first answer again, and is not counted again', () => {
    const named: NamedEntry[] = [{ id: 'i\nx\nkey', content: '1', cells: Cells.of([['key', cellOf(1)]]) }]
    const first = send(1, OPEN, named)
    expect(first).toEqual({ kind: 'accepted', named: ['accepted'] })
    expect(send(1, OPEN, named)).toEqual(first)
    expect(accepted()).toBe(2)
  })

  test('[I4] that was counted gets its first answer also after its hour has closed, and when nothing has room', () => {
    send(1)
    expect(send(1, CLOSED)).toEqual({ kind: 'accepted' })
    expect(send(1, FULL)).toEqual({ kind: 'accepted' })
    expect(accepted()).toBe(1)
  })

  test('[I4] that arrives after a later one of its sender is refused, because nobody waits for it any more', () => {
    send(2)
    expect(send(1)).toEqual({ kind: 'refused', reason: 'stale' })
    expect(accepted()).toBe(1)
  })

  test('[I3] of a closed hour is refused', () => {
    expect(send(1, CLOSED)).toEqual({ kind: 'refused', reason: 'closed' })
    expect(accepted()).toBe(0)
  })

  test('[I5] is refused while the shards of the isolate have no room', () => {
    expect(send(1, FULL)).toEqual({ kind: 'refused', reason: 'full' })
    expect(accepted()).toBe(0)
    expect(send(1)).toEqual({ kind: 'accepted' })
  })
})
