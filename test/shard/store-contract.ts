import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLIGHT_BYTES_MAX, FOLD_BYTES } from '../../src/limits.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { EntryResult, NamedEntry } from '../../src/model/entry.ts'
import { UnknownVersion } from '../../src/model/flight.ts'
import { keyOf, labelsText } from '../../src/model/slices/slice.ts'
import { NO_TALLY } from '../../src/model/status.ts'
import { withoutDuplicates } from '../../src/shard/arrival.ts'
import type { Sql } from '../../src/shard/sql.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { createTables } from '../../src/shard/tables.ts'
import { arrivalOf } from '../support/arrival.ts'

/** Runs a body over an empty database of the kind under test. */
export type WithSql = (body: (sql: Sql) => void) => Promise<void>

const SENDERS = ['a', 'b']
const KEYS = ['k/1', 'k/2', 'k/3']
const SLICES = [
  ...KEYS,
  ...KEYS.slice(1).flatMap((key) => ['pro', 'free'].map((plan) => key + labelsText({ plan }))),
]

/** The contract of every SQLite under the store. Run over node:sqlite and over the Durable Object's. */
export function describeStore(name: string, withSql: WithSql): void {
  describe(`the store over ${name}`, () => {
    test('[I1] [C1] [L1] after any steps, what is stored is what is in memory, and nothing is lost or made', () =>
      withSql((sql) => {
        fc.assert(
          fc.property(fc.array(steps, { maxLength: 20 }), (list) => {
            wipe(sql)
            const world = newWorld(sql)
            for (const step of list) {
              takeStep(world, step)
              checkWorld(world)
            }
          }),
          { numRuns: 60 },
        )
      }))

    test('a throw between any two writes of a step leaves nothing of it behind, stored or in memory', () =>
      withSql((sql) => {
        for (const step of ['merge', 'named', 'freeze', 'settle', 'move', 'retry', 'discard'] as const) {
          expect(
            checkAtomic(sql, (store) => prepare(store, step)),
            step,
          ).toBeGreaterThan(1)
        }
      }))

    test('[I3] [I4] an id counts once, and every answer is the first one, whatever comes again and in between', () =>
      withSql((sql) => {
        fc.assert(
          fc.property(fc.array(namedSteps, { maxLength: 25 }), (list) => {
            wipe(sql)
            checkNamed(sql, list)
          }),
          { numRuns: 60 },
        )
      }))

    test('[I3] a large entry under one id is kept in several rows, and its id once', () =>
      withSql((sql) => {
        const store = new ShardStore(sql, nextId())
        const named = [{ id: 'large', content: 'c', cells: Cells.of(manyCells(6_000, 500)) }]
        expect(mergeNamed(store, 1, named)).toEqual(['accepted'])
        expect(sql.run('select 1 from journal').length).toBeGreaterThan(2)
        for (const each of [store, new ShardStore(sql, nextId())]) {
          expect(each.holdings()).toMatchObject({ accepted: 6_000, ids: 1, open: { cells: 6_000 } })
          expect(each.judge({ sender: 'a', n: 2 }, named)).toEqual(['duplicate'])
        }
      }))

    test('what came of batches is counted for good, but in tables of an older version, which do without', () =>
      withSql((sql) => {
        for (const isOlder of [false, true]) {
          wipe(sql)
          const store = isOlder ? olderStore(sql) : new ShardStore(sql, nextId())
          store.merge([arrivalOf('a', 1, [['k', cellOf(1)]])], 0)
          store.freeze(0, () => undefined)
          store.tallyFailure('ambiguous', 10_000)
          store.settle(1, 25)
          for (const each of [store, new ShardStore(sql, nextId())]) {
            const { tally, ...rest } = each.holdings()
            expect(rest).toMatchObject({ accepted: 1, settled: 1 })
            expect(tally).toEqual(
              isOlder ? undefined : { ...NO_TALLY, applied: 1, ambiguous: 1, sentMs: 10_025 },
            )
          }
        }
        wipe(sql)
      }))

    test('when and why the shard moved to another writer is kept, in tables of an older version too', () =>
      withSql((sql) => {
        for (const isOlder of [false, true]) {
          wipe(sql)
          const store = isOlder ? olderStore(sql) : new ShardStore(sql, nextId())
          const flush = (n: number) => {
            store.merge([arrivalOf('a', n, [['k', cellOf(1)]])], n)
            store.freeze(n, () => undefined)
          }
          flush(1)
          expect(new ShardStore(sql, nextId()).holdings().moved).toBeNull()
          store.moveOn({ seq: 0, batch: null }, { kind: 'keep' }, 'the ledger has no row', 5)
          store.settle(1)
          flush(2)
          store.moveOn({ seq: 1, batch: null }, { kind: 'keep' }, 'the ledger has seq 1, sealed', 6)
          store.settle(1)
          flush(3)
          for (const each of [store, new ShardStore(sql, nextId())]) {
            expect(each.holdings().moved).toEqual({ atMs: 6, reason: 'the ledger has seq 1, sealed' })
          }
        }
        wipe(sql)
      }))

    test('[F4] what must be durable with a freeze is done in its transaction', () =>
      withSql((sql) => {
        const store = new ShardStore(sql, nextId())
        store.merge([arrivalOf('a', 1, [['k', cellOf(1)]])], 0)
        const refuse = () => {
          throw new Error('no alarm')
        }
        expect(() => store.freeze(0, refuse)).toThrow('no alarm')
        expect(new ShardStore(sql, nextId()).holdings()).toMatchObject({
          open: { increments: 1 },
          frozen: { batches: 0 },
        })
      }))

    test('[F1] seqs rise by one, and what is frozen under one never changes', () =>
      withSql((sql) => {
        const store = new ShardStore(sql, nextId())
        const seen: number[] = []
        for (let round = 0; round < 3; round++) {
          store.merge([arrivalOf('a', round, manyCells(7_000))], 0)
          store.freeze(0, () => undefined)
          store.merge([arrivalOf('b', round, manyCells(10))], 0)
          expect(new ShardStore(sql, nextId()).frozen).toEqual(store.frozen)
          for (const batch of store.frozen) {
            seen.push(batch.seq)
            store.settle(batch.seq)
          }
        }
        expect(seen).toEqual([1, 2, 3, 4, 5, 6])
      }))

    test('[I5] [J1] the journal of a long outage is folded, and folding keeps sums and names', () =>
      withSql((sql) => {
        const store = new ShardStore(sql, nextId())
        const cells = manyCells(1_500, 500)
        let peak = 0
        for (let n = 1; n <= 40; n++) {
          store.merge([arrivalOf('a', n, cells)], n)
          peak = Math.max(peak, store.holdings().journalBytes)
        }
        expect(peak).toBeLessThan(FOLD_BYTES + 3 * FLIGHT_BYTES_MAX)
        for (const each of [store, new ShardStore(sql, nextId())]) {
          expect(each.holdings()).toMatchObject({
            accepted: 60_000,
            open: { cells: 1_500, increments: 60_000 },
            oldestMs: 1,
          })
          expect(each.unsettled(cells[0]?.[0] ?? '').open).toEqual({ sum: 40n, count: 40, min: 1, max: 1 })
          expect([39, 40, 41].map((n) => each.nameStatus({ sender: 'a', n }))).toEqual([
            'stale',
            'known',
            'new',
          ])
        }
      }))

    test('[I5] folding writes no more than a few times what was sent, whatever the keys and sums', () =>
      withSql((sql) => {
        let written = 0
        const counting: Sql = {
          transaction: (body) => sql.transaction(body),
          run: (statement, ...params) => {
            if (statement.startsWith('insert into journal')) written += String(params.at(-1)).length
            return sql.run(statement, ...params)
          },
        }
        const store = new ShardStore(counting, nextId())
        const cells = Array.from(
          { length: 12_000 },
          (_, i): KeyedCell => [String(i).padStart(400, '0'), cellOf(1)],
        )
        let sent = 0
        for (let n = 1; n <= 60; n++) {
          const from = ((n - 1) % 6) * 2_000
          const arrival = arrivalOf('a', n, cells.slice(from, from + 2_000))
          store.merge([arrival], n)
          sent += arrival.bytes
        }
        expect(written).toBeLessThan(sent * 2.5)
      }))

    test('[I4] a name is remembered through freezing, settling and loading', () =>
      withSql((sql) => {
        const store = new ShardStore(sql, nextId())
        store.merge([arrivalOf('a', 5, [['k', cellOf(1)]])], 0)
        store.freeze(0, () => undefined)
        store.settle(1)
        for (const each of [store, new ShardStore(sql, nextId())]) {
          expect(each.nameStatus({ sender: 'a', n: 5 })).toBe('known')
          expect(each.nameStatus({ sender: 'a', n: 4 })).toBe('stale')
          expect(each.nameStatus({ sender: 'b', n: 5 })).toBe('new')
        }
      }))

    test('[J1] what another version wrote is refused, and stays as it is', () =>
      withSql((sql) => {
        const store = new ShardStore(sql, nextId())
        store.merge([arrivalOf('a', 1, [['k', cellOf(1)]])], 0)
        const later = '{"v":3,"name":["a",2],"cells":[]}'
        sql.run('insert into journal (accepted, since, flight) values (2, 0, ?)', later)
        expect(() => new ShardStore(sql, nextId())).toThrow(UnknownVersion)
        expect(sql.run('select flight from journal where row = 2')).toEqual([{ flight: later }])
        sql.run('delete from journal where row = 2')
        expect(new ShardStore(sql, nextId()).holdings().accepted).toBe(1)
      }))
  })
}

type Step =
  | { readonly kind: 'merge'; readonly sender: string; readonly cells: KeyedCell[] }
  | { readonly kind: 'freeze' | 'fail' | 'settle' | 'load' }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('merge' as const),
      sender: fc.constantFrom(...SENDERS),
      cells: fc.uniqueArray(
        fc.tuple(
          fc.constantFrom(...SLICES),
          fc
            .maxSafeInteger()
            .filter((value) => value > 0)
            .map(cellOf),
        ),
        { selector: ([key]) => key, minLength: 1 },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('freeze' as const, 'fail' as const, 'settle' as const, 'load' as const),
    }),
  },
)

/** A store, and what a naive reader would expect in it. */
type World = {
  readonly sql: Sql
  store: ShardStore
  readonly uuid: () => string
  n: number
  readonly sent: Map<string, bigint>
  readonly settled: Map<string, bigint>
  increments: number
}

function newWorld(sql: Sql): World {
  const uuid = nextId()
  return {
    sql,
    store: new ShardStore(sql, uuid),
    uuid,
    n: 0,
    sent: new Map(),
    settled: new Map(),
    increments: 0,
  }
}

function takeStep(world: World, step: Step): void {
  const { store } = world
  if (step.kind === 'merge') {
    world.n += 1
    store.merge([arrivalOf(step.sender, world.n, step.cells)], world.n)
    addTo(world.sent, step.cells)
    world.increments += step.cells.length
  }
  if (step.kind === 'freeze' && store.frozen.length === 0 && store.openCells > 0)
    store.freeze(world.n, () => undefined)
  const [first] = store.frozen
  if (step.kind === 'settle' && first !== undefined) {
    addTo(world.settled, [...first.cells])
    store.settle(first.seq)
  }
  if (step.kind === 'fail' && first !== undefined) store.tallyFailure('ambiguous', 5)
  if (step.kind === 'load') world.store = new ShardStore(world.sql, world.uuid)
}

function checkWorld({ sql, store, sent, settled, increments }: World): void {
  const loaded = new ShardStore(sql, nextId())
  // An instance also remembers label sets that it holds no more.
  const { labelSets, overflowed: _, ...holdings } = store.holdings()
  expect(loaded.holdings()).toMatchObject(holdings)
  expect(loaded.holdings().labelSets).toBeLessThanOrEqual(labelSets ?? 0)
  expect(loaded.frozen).toEqual(store.frozen)
  const { accepted, settled: settledCount, open, frozen } = store.holdings()
  expect(accepted).toBe(increments)
  expect(accepted).toBe(settledCount + frozen.increments + open.increments)
  for (const key of KEYS) {
    const unsettled = store.unsettled(key)
    if (store.isStored) expect(loaded.unsettled(key)).toEqual(unsettled)
    const held = unsettled.frozen.reduce((sum, { cell }) => sum + cell.sum, unsettled.open?.sum ?? 0n)
    expect(held + (settled.get(key) ?? 0n)).toBe(sent.get(key) ?? 0n)
  }
}

/** Fails each write of a step in turn, until it goes through; answers how many writes that were. */
function checkAtomic(sql: Sql, prepared: (store: ShardStore) => (store: ShardStore) => void): number {
  for (let failing = 1; ; failing++) {
    wipe(sql)
    let left = Number.POSITIVE_INFINITY
    const store = new ShardStore(
      failingSql(sql, () => --left < 0),
      nextId(),
    )
    const step = prepared(store)
    const before = picture(store)
    left = failing - 1
    try {
      step(store)
      return failing - 1
    } catch (error) {
      expect(String(error)).toContain('planted')
    }
    left = Number.POSITIVE_INFINITY
    expect(picture(store)).toEqual(before)
    expect(picture(new ShardStore(sql, nextId()))).toEqual(before)
    step(store)
    expect(picture(new ShardStore(sql, nextId()))).toEqual(picture(store))
  }
}

/** The storage as the release before the tally left it. */
function olderStore(sql: Sql): ShardStore {
  createTables(sql, 'writer')
  sql.run('drop table state')
  sql.run(`create table state (
     one integer primary key check (one = 1), version integer not null, writer text not null,
     next_seq integer not null, accepted integer not null, settled integer not null,
     discarded integer not null)`)
  sql.run(`insert into state values (1, 1, 'writer', 1, 0, 0, 0)`)
  return new ShardStore(sql, nextId())
}

/** Brings a store to where the step makes writes of every kind. */
function prepare(
  store: ShardStore,
  step: 'merge' | 'named' | 'freeze' | 'settle' | 'move' | 'retry' | 'discard',
): (store: ShardStore) => void {
  if (step === 'named')
    return (s) => void mergeNamed(s, 1, [{ id: 'x', content: '1', cells: Cells.of([['k/1', cellOf(1)]]) }])
  const merge = (n: number) => (s: ShardStore) => s.merge([arrivalOf('a', n, [['k/1', cellOf(n)]])], n)
  if (step === 'merge') return merge(1)
  merge(1)(store)
  merge(2)(store)
  const freeze = (s: ShardStore) => s.freeze(3, () => undefined)
  if (step === 'freeze') return freeze
  freeze(store)
  if (step === 'settle') return (s) => s.settle(1)
  const sealed = { seq: 0, batch: null }
  const move = (s: ShardStore) => s.moveOn(sealed, { kind: 'park', seq: 1 }, 'refused', 4)
  if (step === 'move') return move
  move(store)
  return step === 'retry' ? (s) => void s.retryParked(['k/1'], 5) : (s) => void s.discardParked(['k/1'])
}

function picture(store: ShardStore) {
  const names = [1, 2, 3].map((n) => store.nameStatus({ sender: 'a', n }))
  return { holdings: store.holdings(), unsettled: store.unsettled('k/1'), writer: store.writer, names }
}

/** Fails a write when told to. */
function failingSql(sql: Sql, isFailing: () => boolean): Sql {
  return {
    transaction: (body) => sql.transaction(body),
    run: (statement, ...params) => {
      if (!statement.trimStart().startsWith('select') && isFailing()) throw new Error('planted failure')
      return sql.run(statement, ...params)
    },
  }
}

function wipe(sql: Sql): void {
  for (const table of ['state', 'journal', 'batches', 'parked', 'ids', 'senders', 'moved'])
    sql.run(`drop table if exists ${table}`)
}

function manyCells(count: number, keyLength = 10): KeyedCell[] {
  return Array.from({ length: count }, (_, i) => [String(i).padStart(keyLength, '0'), cellOf(1)])
}

function addTo(sums: Map<string, bigint>, cells: readonly KeyedCell[]): void {
  for (const [slice, cell] of cells) {
    const key = keyOf(slice)
    sums.set(key, (sums.get(key) ?? 0n) + cell.sum)
  }
}

/** Chance, in order. */
function nextId(): () => string {
  let id = 0
  return () => `id-${++id}`
}

/** Each flight has a number of its own; one that is sent again has the same entries. */
type NamedStep =
  | { readonly kind: 'send'; readonly entries: readonly { readonly id: string; readonly value: number }[] }
  | { readonly kind: 'again'; readonly back: number }
  | { readonly kind: 'freeze' | 'fail' | 'settle' | 'load' }

const namedSteps: fc.Arbitrary<NamedStep> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      entries: fc.array(
        fc.record({ id: fc.constantFrom('x', 'y', 'z'), value: fc.integer({ min: 1, max: 2 }) }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), back: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('freeze' as const, 'settle' as const, 'load' as const) }),
  },
)

/** Against a map that knows the first value of each id and nothing of flights. */
function checkNamed(sql: Sql, list: readonly NamedStep[]): void {
  let store = new ShardStore(sql, nextId())
  const firsts = new Map<string, number>()
  const sent: { named: NamedEntry[]; results: EntryResult[] }[] = []
  for (const step of list) {
    if (step.kind === 'send') {
      const named = step.entries.map(({ id, value }) => entryOf(id, value))
      const expected = step.entries.map(({ id, value }): EntryResult => {
        const first = firsts.get(id)
        if (first === undefined) firsts.set(id, value)
        return first === undefined ? 'accepted' : first === value ? 'duplicate' : 'conflict'
      })
      const results = mergeNamed(store, sent.length + 1, named)
      expect(results).toEqual(expected)
      sent.push({ named, results })
    }
    if (step.kind === 'again') {
      const n = sent.length - step.back
      const flight = sent[n - 1]
      // As the shard does it: a name that is known is judged, and never merged again.
      if (flight !== undefined) expect(judgeAgain(store, n, flight.named)).toEqual(flight.results)
    }
    if (step.kind === 'freeze' && store.frozen.length === 0 && store.openCells > 0)
      store.freeze(0, () => undefined)
    const [first] = store.frozen
    if (step.kind === 'settle' && first !== undefined) store.settle(first.seq)
    if (step.kind === 'load') store = new ShardStore(sql, nextId())
    expect(store.holdings()).toMatchObject({ accepted: firsts.size, ids: firsts.size })
  }
}

function entryOf(id: string, value: number): NamedEntry {
  return { id, content: String(value), cells: Cells.of([['k/1', cellOf(value)]]) }
}

function mergeNamed(store: ShardStore, n: number, named: readonly NamedEntry[]): EntryResult[] {
  const results = store.judge({ sender: 'a', n }, named)
  store.merge([withoutDuplicates(arrivalOf('a', n, [], named), results, FLIGHT_BYTES_MAX)], n)
  return results
}

function judgeAgain(store: ShardStore, n: number, named: readonly NamedEntry[]): EntryResult[] {
  return store.judge({ sender: 'a', n }, named)
}
