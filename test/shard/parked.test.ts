import { beforeEach, describe, expect, test } from 'vitest'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import { encodeFlight } from '../../src/model/flight.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { nodeSql } from '../support/node-sql.ts'

let sql: ReturnType<typeof nodeSql>
let store: ShardStore
let n = 0

beforeEach(() => {
  sql = nodeSql()
  store = new ShardStore(sql, () => crypto.randomUUID())
  open([['bad', cellOf(7)]])
  store.freeze(1, () => undefined)
  store.moveOn({ seq: 0, batch: null }, { kind: 'park', seq: 1 }, 'SQLSTATE 23514', 2)
})

function open(cells: readonly KeyedCell[]): void {
  const flight = { name: { sender: 'isolate', n: ++n }, cells }
  store.merge(flight, encodeFlight(flight), 3)
}

/** In memory, and as it is stored. */
const both = () => [store, new ShardStore(sql, () => 'other')]

describe('a parked key', () => {
  test('[P3] keeps its later cells out of the batches, so that Postgres is not asked again', () => {
    open([
      ['bad', cellOf(1)],
      ['good', cellOf(1)],
    ])
    store.freeze(4, () => undefined)
    for (const each of both()) {
      expect(each.frozen.map(({ cells }) => [...cells.keys()])).toEqual([['good']])
      expect(each.parked.get('bad')).toEqual({
        cell: { sum: 8n, count: 2, min: 1, max: 7 },
        reason: 'SQLSTATE 23514',
        sinceMs: 2,
      })
    }
  })

  test('[P3] [C1] leaves nothing to freeze when all that is open is its own', () => {
    open([['bad', cellOf(1)]])
    store.freeze(4, () => undefined)
    for (const each of both()) {
      expect(each.frozen).toEqual([])
      expect(each.holdings()).toMatchObject({
        accepted: 2,
        settled: 0,
        open: { cells: 0 },
        parked: { increments: 2 },
      })
    }
  })
})
