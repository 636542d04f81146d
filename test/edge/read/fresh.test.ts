import fc from 'fast-check'
import { expect, test } from 'vitest'
import { askForKeys, readFresh, type ShardQuery } from '../../../src/edge/read/fresh.ts'
import { KnownWriters } from '../../../src/edge/read/known-writers.ts'
import { ALONE_MS } from '../../../src/limits.ts'
import { must } from '../../../src/model/assert.ts'
import type { Cell } from '../../../src/model/cell.ts'
import { cellOf, EMPTY_CELL, mergeCells } from '../../../src/model/cell.ts'
import type { Hour } from '../../../src/model/hour.ts'
import type { CommittedRead } from '../../../src/model/read.ts'
import { ShardStore } from '../../../src/shard/store.ts'
import { arrivalOf } from '../../support/arrival.ts'
import { nodeSql } from '../../support/node-sql.ts'

const KINDS = ['add', 'freeze', 'apply', 'settle', 'flush', 'move', 'retire'] as const

type Step = { readonly at: number; readonly kind: (typeof KINDS)[number] }

type Row = { seq: number; batch: string | null; sealed: boolean }

/** A shard with the production's store, and the sum that Postgres has from its hour. Each step is one of a flush. */
class Flushing {
  store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  readonly ledger: Map<string, Row>
  acknowledged = 0
  row: Cell = EMPTY_CELL

  constructor(ledger: Map<string, Row>) {
    this.ledger = ledger
  }

  take(kind: Step['kind']): void {
    const { store } = this
    const { seq, batch } = this.ledger.get(store.writer) ?? { seq: 0, batch: null }
    const [first] = store.frozen
    const next = store.frozen.find((frozen) => frozen.seq === seq + 1)
    if (kind === 'flush') {
      for (const each of ['add', 'freeze', 'apply', 'settle'] as const) this.take(each)
    } else if (kind === 'add') {
      store.merge([arrivalOf('isolate', ++this.acknowledged, [['k', cellOf(1)]])], 1)
    } else if (kind === 'freeze' && store.openCells > 0) {
      store.freeze(1, () => undefined)
    } else if (kind === 'apply' && next !== undefined) {
      this.row = mergeCells(this.row, must(next.cells.find('k'), 'the cell of a batch'))
      this.ledger.set(store.writer, { seq: next.seq, batch: next.id, sealed: false })
    } else if (kind === 'settle' && first !== undefined && first.seq <= seq) {
      store.settle(first.seq)
    } else if (kind === 'move' && first !== undefined) {
      this.ledger.set(store.writer, { seq, batch, sealed: true })
      store.moveOn({ seq, batch }, { kind: 'keep' }, 'another past', 1)
    } else if (kind === 'retire' && store.openCells === 0 && first === undefined) {
      this.ledger.set(store.writer, { seq, batch, sealed: true })
      this.store = new ShardStore(nodeSql(), () => crypto.randomUUID())
    }
  }
}

/**
 * Two hours with a shard each, and a Postgres, that go on by some steps at each call of a read. A call takes as many turns
 * as its delay, so that of calls side by side any may be first.
 */
function world(steps: readonly Step[], pace: readonly number[], delay: readonly number[]) {
  const ledger = new Map<string, Row>()
  const hours = [new Flushing(ledger), new Flushing(ledger)]
  const left = [...steps]
  const paces = [...pace]
  const delays = [...delay]
  const calls = {
    shards: 0,
    shardsAnswered: 0,
    rows: 0,
    beforeShards: Promise.resolve(),
    beforeRows: () => {},
    nowMs: 0,
  }
  const arrive = async () => {
    for (let turns = delays.shift() ?? 0; turns > 0; turns--) await null
    goOn()
  }
  const goOn = () => {
    for (const { at, kind } of left.splice(0, paces.shift() ?? 0)) hours[at]?.take(kind)
  }
  const asked = hours.map((_, i): ShardQuery => ({ shard: String(i), hour: i as Hour, keys: ['k'] }))
  const ask = askForKeys(async (shard, keys) => {
    calls.shards++
    await calls.beforeShards
    await arrive()
    const { store } = must(hours[Number(shard)], 'a shard')
    const answer = keys.map((key) => store.unsettled(key))
    goOn()
    calls.shardsAnswered++
    return answer
  })
  const readCommitted = async (writers: readonly string[]): Promise<CommittedRead> => {
    calls.rows++
    calls.beforeRows()
    await arrive()
    const cells = new Map(hours.map(({ row }, i) => [i as Hour, row]))
    const known = writers.flatMap((writer) => {
      const row = ledger.get(writer)
      return row === undefined ? [] : [[writer, { ...row }] as const]
    })
    goOn()
    return {
      counters: new Map([['k', { cells, lastFlushMs: 1 }]]),
      ledger: new Map(known),
      unreadable: [],
      coarse: [],
    }
  }
  const known = new KnownWriters({ now: () => calls.nowMs })
  return { hours, goOn, calls, read: () => readFresh(asked, { ask, known, readCommitted }) }
}

const steps = fc.array(fc.record({ at: fc.nat({ max: 1 }), kind: fc.constantFrom(...KINDS) }), {
  minLength: 10,
  maxLength: 60,
})

const pace = fc.array(fc.nat({ max: 6 }), { minLength: 10, maxLength: 40 })

const delay = fc.array(fc.nat({ max: 4 }), { minLength: 10, maxLength: 40 })

test('[R1] whatever flushes, moves and ends come between its calls, a fresh read has each increment exactly once', async () => {
  let [answered, atOnce] = [0, 0]
  await fc.assert(
    fc.asyncProperty(steps, pace, delay, async (all, paces, delays) => {
      const { hours, goOn, read, calls } = world(all, paces, delays)
      // The first read asks Postgres after the shards, and the next ones beside them.
      for (const each of ['first', 'second', 'third']) {
        goOn()
        const before = hours.map(({ acknowledged }) => acknowledged)
        const [shards, rows] = [calls.shards, calls.rows]
        calls.nowMs += ALONE_MS
        const found = await read()
        if (found === undefined) continue
        answered++
        if (each !== 'first' && calls.shards - shards === hours.length && calls.rows - rows === 1) atOnce++
        for (const [i, { acknowledged }] of hours.entries()) {
          const row = found.committed.counters.get('k')?.cells.get(i as Hour) ?? EMPTY_CELL
          const { sum } = mergeCells(row, found.unsettled.get('k')?.get(i as Hour) ?? EMPTY_CELL)
          expect(Number(sum)).toBeGreaterThanOrEqual(before[i] ?? 0)
          expect(Number(sum)).toBeLessThanOrEqual(acknowledged)
        }
      }
    }),
    { numRuns: 400 },
  )
  expect(answered).toBeGreaterThan(1_100)
  expect(atOnce).toBeGreaterThan(300)
})

test('a read of shards whose writers are known waits for them and Postgres side by side', async () => {
  const { hours, read, calls } = world([], [], [])
  await read()
  for (const hour of hours) hour.take('add')
  const { promise: rowsAsked, resolve } = Promise.withResolvers<void>()
  const asked = calls.rows
  calls.beforeShards = rowsAsked
  calls.beforeRows = () => resolve()
  calls.nowMs += ALONE_MS
  const found = await read()
  expect(calls.rows).toBe(asked + 1)
  expect(found?.unsettled.get('k')?.size).toBe(2)
})

test('a read soon after another of its shards asks Postgres after them, as reads that share a call do', async () => {
  const { read, calls } = world([], [], [])
  await read()
  let answered = 0
  calls.beforeRows = () => {
    answered = calls.shardsAnswered
  }
  await read()
  expect(answered).toBe(4)
})
