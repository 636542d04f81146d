import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cellOf } from '../../src/model/cell.ts'
import type { NamedEntry } from '../../src/model/entry.ts'
import { UnknownVersion } from '../../src/model/flight.ts'
import { type Moved, NO_TALLY } from '../../src/model/status.ts'
import type { Sql } from '../../src/shard/sql.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeSql } from '../support/node-sql.ts'
import { A, B, BIG, C, D, E, ENTRIES, START_MS, uuids } from './shard-deeds.ts'
import { dump } from './shard-dump.ts'

/**
 * A deploy finds a shard's SQLite as the code before it has written it. Each of shards/*.sql was written by such code
 * itself, which did the deeds of shard-deeds.ts, and is not edited:
 *
 * - `one-flight-a-row`: by record-shard.ts in a worktree of c305c2d, the last commit whose journal had a row for each
 *   flight. In place of `mergeFlights` it called `mergeFlight` there, once for each.
 * - `flights-share-rows`: by record-shard.ts of 1ce2e18, since which flights that come together share a row.
 * - `moves-are-kept`: by record-shard.ts as it is. The table `moved` is new in it.
 */
const RECORDED = ['one-flight-a-row', 'flights-share-rows', 'moves-are-kept']

const MOVED: Readonly<Record<string, Moved>> = {
  'moves-are-kept': { atMs: START_MS + 16, reason: 'no answer within 10 s' },
}

function recorded(name: string): string {
  return readFileSync(join(import.meta.dirname, `shards/${name}.sql`), 'utf8')
}

const load = (sql: Sql) => new ShardStore(sql, uuids())

describe.each(RECORDED)('a shard as it was stored with %s', (name) => {
  test('[J1] [C1] is loaded with every cell, in the state that it was in', () => {
    const store = load(nodeSql(recorded(name)))
    expect(store.holdings()).toEqual({
      labelSets: 0,
      overflowed: [],
      accepted: 24,
      settled: 1,
      discarded: 1,
      open: { cells: 6, increments: 10 },
      frozen: { batches: 2, cells: 4, increments: 9 },
      parked: { cells: 1, increments: 3 },
      journalBytes: 696,
      senders: 5,
      ids: 4,
      tally: { ...NO_TALLY, applied: 1, ambiguous: 1, sentMs: 10_025, moves: 4 },
      moved: MOVED[name] ?? null,
      oldestMs: START_MS + 12,
    })
    expect(store.frozen.map(({ seq, id, cells }) => ({ seq, id, cells: Object.fromEntries(cells) }))).toEqual(
      [
        {
          seq: 1,
          id: '00000000-0000-4000-8000-200000000010',
          cells: { 'site/batch': cellOf(2), 'site/big': BIG },
        },
        {
          seq: 2,
          id: '00000000-0000-4000-8000-200000000011',
          cells: { 'site/id': { sum: 20n, count: 4, min: 1, max: 9 }, "site/it's": cellOf(1) },
        },
      ],
    )
    const open = Object.entries({
      'site/a': { sum: -2n, count: 3, min: -5, max: 2 },
      'site/big': BIG,
      'site/ü\\"': cellOf(4),
      'site/retried': cellOf(2),
      'site/id': cellOf(8),
      'site/parked': cellOf(1),
    })
    for (const [key, cell] of open) expect(store.unsettled(key), key).toMatchObject({ open: cell })
    expect([...store.parked]).toEqual([
      ['site/parked', { sinceMs: START_MS + 11, reason: 'SQLSTATE 22003', cell: BIG }],
    ])
  })

  test('[F1] [I3] [I4] goes on under its writer, its seqs and the names that it has taken', () => {
    const store = load(nodeSql(recorded(name)))
    expect(store.unsettled('')).toMatchObject({
      writer: '00000000-0000-4000-8000-200000000012',
      isStored: true,
      settledSeq: 0,
      nextSeq: 3,
    })
    for (const [sender, n] of Object.entries({ [A]: 7, [B]: 3, [C]: 2, [D]: 1, [E]: 1 })) {
      const statuses = [n - 1, n, n + 1].map((each) => store.nameStatus({ sender, n: each }))
      expect(statuses, sender).toEqual(['stale', 'known', 'new'])
    }
    const { x, y, z, request, conflict } = ENTRIES
    const judged = (sender: string, n: number, ...named: NamedEntry[]) => store.judge({ sender, n }, named)
    expect(judged(C, 3, request, x, y, z)).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate'])
    expect(judged(C, 3, conflict)).toEqual(['conflict'])
    expect(judged(D, 1, z)).toEqual(['accepted'])
  })

  test('[C1] gets to Postgres whole, with what comes after', () => {
    const sql = nodeSql(recorded(name))
    const store = load(sql)
    store.merge([arrivalOf(C, 3, [['site/a', cellOf(3)]])], START_MS + 100)
    for (const { seq } of store.frozen) store.settle(seq)
    store.freeze(START_MS + 101, () => undefined)
    for (const each of [store, load(sql)]) {
      expect(each.frozen.map(({ seq }) => seq)).toEqual([3])
      // The open cell of a parked key joins it.
      expect(each.holdings()).toMatchObject({
        accepted: 25,
        settled: 10,
        frozen: { cells: 5, increments: 10 },
        parked: { cells: 1, increments: 4 },
        senders: 5,
        ids: 4,
      })
    }
  })

  test.each([
    ['its state', `update state set version = 2`],
    [
      'a flight, the last',
      `update journal set flight = replace(flight, '"v":1,"name":["${C}",2]', '"v":3,"name":["${C}",2]')`,
    ],
    ['a frozen batch', `update batches set cells = replace(cells, '"v":1', '"v":3') where seq = 2`],
    ['a parked cell', `update parked set cell = replace(cell, '"v":1', '"v":3')`],
  ])('[J1] is refused and stays as it was where a version that is not known wrote %s', (_, edit) => {
    const sql = nodeSql(recorded(name))
    sql.run(edit)
    const before = dump(sql)
    expect(before).not.toBe(recorded(name))
    expect(() => load(sql)).toThrow(UnknownVersion)
    expect(dump(sql)).toBe(before)
  })
})
