import { beforeEach, describe, expect, test } from 'vitest'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import { utf8Bytes } from '../../src/model/text/utf8.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeSql } from '../support/node-sql.ts'

/** Of a value, in production. */
const ROW_BYTES_MAX = 2_000_000

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
  store.merge([arrivalOf('isolate', ++n, cells)], 3)
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
      expect(each.frozen.map(({ cells }) => cells.keys)).toEqual([['good']])
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

  test("[I5] [J1] is retried with many others in rows that fit in a Durable Object's", () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => `${'k'.repeat(500)}${i}`)
    open(keys.map((key) => [key, cellOf(1)]))
    store.freeze(4, () => undefined)
    while (store.frozen[0] !== undefined) {
      const recut = { kind: 'park', seq: store.frozen[0].seq } as const
      store.moveOn({ seq: 0, batch: null }, recut, 'SQLSTATE 23514', 5)
    }
    store.retryParked(keys, 6)
    const rows = sql.run('select flight from journal').map((row) => utf8Bytes(String(row['flight'])))
    expect(Math.max(...rows)).toBeLessThan(ROW_BYTES_MAX)
    for (const each of both()) expect(each.holdings()).toMatchObject({ open: { increments: 5_000 } })
  })
})
