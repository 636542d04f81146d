import { beforeEach, describe, expect, test } from 'vitest'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { NamedEntry } from '../../src/model/entry.ts'
import { labelsText, OVERFLOW } from '../../src/model/slices/slice.ts'
import { SHARD_LIMITS } from '../../src/shard/bounds.ts'
import type { MergeConditions } from '../../src/shard/merge.ts'
import { mergeFlights } from '../../src/shard/merge.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeSql } from '../support/node-sql.ts'

const OPEN: MergeConditions = { nowMs: 0, closesMs: 1_000, isFull: () => false, hasRoomForLabels: () => true }
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

  test('[I1] counts what has a name and what has none, by itself or together, and a replay finds the same', () => {
    const own = nodeSql()
    const first = new ShardStore(own, () => 'writer')
    const entry = (id: string, ...keys: string[]): NamedEntry => {
      return { id, content: '', cells: Cells.of(keys.map((key) => [key, cellOf(1)])) }
    }
    const flights: [nameless: string[], named: NamedEntry[]][] = [
      [[], [entry('1', 'a', 'b')]],
      [['a'], [entry('2', 'a', 'c')]],
      [[], [entry('3', 'a'), entry('4', 'a', 'b')]],
      [['b'], [entry('1', 'a', 'b')]],
      [[], [entry('4', 'a', 'b'), entry('5', 'c')]],
    ]
    for (const [i, [nameless, named]] of flights.entries()) {
      const cells = nameless.map((key) => [key, cellOf(1)] as const)
      mergeFlights(first, [arrivalOf('isolate', i + 1, cells, named)], OPEN)
    }
    for (const each of [first, new ShardStore(own, () => 'writer')]) {
      expect(each.holdings()).toMatchObject({ accepted: 10, open: { increments: 10 } })
      const sums = ['a', 'b', 'c'].map((key) => each.unsettled(key).open)
      expect(sums).toMatchObject([{ sum: 5n }, { sum: 3n }, { sum: 2n }])
    }
  })
})

describe('label sets past the bound', () => {
  const limits = { ...SHARD_LIMITS, labelSets: 2 }
  const slice = (plan: string) => `key${labelsText({ plan })}`
  const overflow = `key${OVERFLOW}`
  const sql = () => nodeSql()

  const openOf = (of: ShardStore) => {
    of.freeze(0, () => undefined)
    return new Map(of.frozen.flatMap(({ cells }) => [...cells]).map(([key, { sum }]) => [key, Number(sum)]))
  }

  test("[L2] count in the key's sum and in its overflow slice, decided before the journal, so that a replay finds the same", () => {
    const own = sql()
    const first = new ShardStore(own, () => 'writer', limits)
    const conditions = { ...OPEN, hasRoomForLabels: () => true }
    const send = (n: number, slices: readonly string[], named: readonly NamedEntry[] = []) => {
      const cells = slices.map((each) => [each, cellOf(1)] as const)
      return mergeFlights(first, [arrivalOf('isolate', n, cells, named)], conditions)[0]
    }
    send(1, ['key', slice('a'), slice('b'), slice('c')])
    send(2, [slice('c'), slice('d'), slice('a')])
    const named = [{ id: 'i\nx\nkey', content: '1', cells: Cells.of([[slice('e'), cellOf(1)]]) }]
    expect(send(3, [], named)).toEqual({ kind: 'accepted', named: ['accepted'] })
    expect(send(3, [], named)).toEqual({ kind: 'accepted', named: ['accepted'] })
    expect(first.unsettled('key').open).toMatchObject({ sum: 8n, count: 8 })
    expect(first.holdings()).toMatchObject({ labelSets: 2, overflowed: ['key'] })
    // This instance knows only what is stored, and has room for it.
    const replayed = new ShardStore(own, () => 'writer', { ...limits, labelSets: 100 })
    const expected = new Map([
      ['key', 1],
      [slice('a'), 2],
      [slice('b'), 1],
      [overflow, 4],
    ])
    expect(openOf(replayed)).toEqual(expected)
  })

  test('[L2] are bounded also after what came before is in Postgres, and ingest goes on where labels have no room', () => {
    const store = new ShardStore(sql(), () => 'writer', limits)
    let hasRoom = true
    const conditions = { ...OPEN, hasRoomForLabels: () => hasRoom }
    const send = (n: number, plan: string) => {
      const answer = mergeFlights(store, [arrivalOf('isolate', n, [[slice(plan), cellOf(1)]])], conditions)
      expect(answer).toEqual([{ kind: 'accepted' }])
      const open = openOf(store)
      for (const { seq } of store.frozen) store.settle(seq)
      return [...open.keys()][0]
    }
    expect([send(1, 'a'), send(2, 'b'), send(3, 'c'), send(4, 'a')]).toEqual([
      slice('a'),
      slice('b'),
      overflow,
      slice('a'),
    ])
    const other = new ShardStore(sql(), () => 'writer', limits)
    hasRoom = false
    expect(mergeFlights(other, [arrivalOf('isolate', 1, [[slice('a'), cellOf(1)]])], conditions)).toEqual([
      { kind: 'accepted' },
    ])
    expect([...openOf(other).keys()]).toEqual([overflow])
  })
})
