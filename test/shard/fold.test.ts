import { expect, test } from 'vitest'
import { FOLD_BYTES, FOLD_FLIGHTS } from '../../src/limits.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeSql } from '../support/node-sql.ts'

/** Of some 20 kB, so that a fold comes after a few hundred flights. */
const LARGE: KeyedCell[] = Array.from({ length: 40 }, (_, i) => [String(i).padStart(512, 'k'), cellOf(1)])

test('[I4] a fold remembers the flights of senders that have sent nothing since', () => {
  const sql = nodeSql()
  const store = new ShardStore(sql, () => 'writer')
  const merge = (sender: string, n: number, cells: KeyedCell[]) => {
    store.merge([arrivalOf(sender, n, cells)], n)
  }
  merge('silent', 7, [['k', cellOf(1)]])
  let n = 0
  let before = 0
  do {
    before = store.holdings().journalBytes
    merge('busy', ++n, LARGE)
  } while (store.holdings().journalBytes > before)
  expect(before, 'journal bytes before the fold').toBeGreaterThan(FOLD_BYTES / 2)
  for (const each of [store, new ShardStore(sql, () => 'other')]) {
    expect(each.nameStatus({ sender: 'silent', n: 7 })).toBe('known')
    expect(each.nameStatus({ sender: 'silent', n: 6 })).toBe('stale')
    expect(each.nameStatus({ sender: 'busy', n })).toBe('known')
    expect(each.holdings().accepted).toBe(1 + n * LARGE.length)
  }
})

test('[I5] an outage full of lone increments does not grow the rows that a replay reads', {
  timeout: 30_000,
}, () => {
  const sql = nodeSql()
  const store = new ShardStore(sql, () => 'writer')
  const flights = 1.5 * FOLD_FLIGHTS
  for (let n = 1; n <= flights; n++) {
    store.merge([arrivalOf('isolate', n, [[`key-${n}`, cellOf(1)]])], n)
  }
  const [rows] = sql.run('select count(*) as count from journal')
  expect(rows?.['count']).toBeLessThan(FOLD_FLIGHTS)
  const replayed = new ShardStore(sql, () => 'other')
  expect(replayed.holdings()).toMatchObject({ accepted: flights, open: { cells: flights } })
})
