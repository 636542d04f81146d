import { expect, test } from 'vitest'
import { seriesOf, totalOf, withHeld } from '../../../src/dashboard/data/series.ts'
import type { CounterAnswer } from '../../../src/edge/read/answers.ts'
import { readCounters } from '../../../src/edge/read/counters.ts'
import type { CounterQuery } from '../../../src/edge/read/query.ts'
import type { Cell, KeyedCell } from '../../../src/model/cell.ts'
import { cellOf, EMPTY_CELL, mergeCells } from '../../../src/model/cell.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import { UTC } from '../../../src/model/time/zone.ts'
import { ShardStore } from '../../../src/shard/store.ts'
import { arrivalOf } from '../../support/arrival.ts'
import { nodeSql } from '../../support/node-sql.ts'
import { goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)
const HOUR = hourOf(NOW)
const SHARDS = scheduleOf('1')

/** One shard and a Postgres that refuses `bad`, with the production store; what is asked is key `good`. */
test('[R1] unsettled with rows of the same asOf is the truth, also when the shard has moved to a new writer', async () => {
  const store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  const empty = new ShardStore(nodeSql(), () => crypto.randomUUID())
  let row: Cell = EMPTY_CELL
  const ledger = new Map<string, { seq: number; sealed: boolean }>()
  const query: CounterQuery = {
    keys: ['good'],
    range: { from: addHours(HOUR, -23), to: addHours(HOUR, 1) },
    previous: null,
    unit: 'hour',
    zone: UTC,
    freshHours: 1,
    isUnsettled: false,
  }
  const read = async (isUnsettled: boolean) => {
    const answers = await readCounters(
      { ...query, isUnsettled },
      {
        nowMs: NOW,
        config: { shards: SHARDS },
        shards: {
          unsettled: async (shard, keys) =>
            keys.map((key) => (shard.startsWith('2026-11-21T20Z') ? store : empty).unsettled(key)),
        },
        database: {
          readCommitted: async () => ({
            counters: new Map([['good', { cells: new Map([[HOUR, row]]), lastFlushMs: 1 }]]),
            ledger,
            unreadable: [],
            coarse: [],
          }),
        },
      },
    )
    return goodOf(answers)[0] as CounterAnswer
  }
  const cells: KeyedCell[] = [
    ['good', cellOf(100)],
    ['zbad', cellOf(7)],
  ]
  store.merge([arrivalOf('isolate', 1, cells)], 1)

  const page = seriesOf(await read(false), { kind: 'key', name: 'good' })
  expect(totalOf(page).sum).toBe(100n)

  // The first flush, as flush.ts does it: refused, halved, one half applied, the other refused and parked.
  store.freeze(2, () => undefined)
  ledger.set(store.writer, { seq: 0, sealed: true })
  store.moveOn({ seq: 0, batch: null }, { kind: 'cut', seq: 1, isSlow: false }, 'SQLSTATE 23514', 3)
  expect(store.frozen.map(({ cells: half }) => half.keys)).toEqual([['good'], ['zbad']])
  row = mergeCells(row, cellOf(100))
  ledger.set(store.writer, { seq: 1, sealed: true })
  store.settle(1)
  store.moveOn({ seq: 1, batch: null }, { kind: 'park', seq: 2 }, 'SQLSTATE 23514', 4)

  const moved = withHeld(page, await read(true))
  // Either Postgres has to be read anew, or what is shown is true.
  expect(moved === undefined || totalOf(moved).sum === 100n, `shows ${moved && totalOf(moved).sum}`).toBe(
    true,
  )
})
