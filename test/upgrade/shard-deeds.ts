import { type Cell, cellOf, type KeyedCell } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { idOfIncrement, idOfRequest, type NamedEntry } from '../../src/model/entry.ts'
import { encodeFlight } from '../../src/model/flight.ts'
import type { ShardStore } from '../../src/shard/store.ts'

/** Isolates. */
export const A = uuidOf('1', 'a')
export const B = uuidOf('1', 'b')
export const C = uuidOf('1', 'c')
export const D = uuidOf('1', 'd')
export const E = uuidOf('1', 'e')

export const START_MS = Date.UTC(2026, 10, 21, 20)

/** Named entries, by what becomes of them when they first come. */
export const ENTRIES = {
  x: entryOf('x', 4),
  /** Under the id of `x`. */
  conflict: entryOf('x', 5),
  y: entryOf('y', 6),
  z: entryOf('z', 8),
  request: {
    id: idOfRequest('shop', 'order 17'),
    content: 'a hash',
    cells: Cells.of([
      ['site/id', cellOf(1)],
      ['site/batch', cellOf(2)],
    ]),
  },
} satisfies Record<string, NamedEntry>

/** A sum that no double holds. */
export const BIG: Cell = { sum: 2n ** 65n + 1n, count: 3, min: -1, max: Number.MAX_SAFE_INTEGER }

function entryOf(id: string, value: number): NamedEntry {
  return {
    id: idOfIncrement(id, 'site/id'),
    content: String(value),
    cells: Cells.of([['site/id', cellOf(value)]]),
  }
}

function uuidOf(kind: string, n: string): string {
  return `00000000-0000-4000-8000-${kind}${n.padStart(11, '0')}`
}

/** Chance, in order: of the writers' names and the batches' ids. */
export function uuids(): () => string {
  let n = 0
  return () => uuidOf('2', String(++n))
}

/** Takes encoded flights in together, as far as the code can. */
export type Take = (store: ShardStore, flights: readonly string[], nowMs: number) => void

/** Has a shard write rows of every kind into every table. */
export function exerciseShard(store: ShardStore, take: Take): void {
  let nowMs = START_MS
  const merge = (...flights: string[]) => take(store, flights, ++nowMs)
  const freeze = () => store.freeze(++nowMs, () => undefined)
  const sealed = { seq: 0, batch: null }
  const park = (flight: string) => {
    merge(flight)
    freeze()
    const [{ seq = 0 } = {}] = store.frozen
    store.moveOn(sealed, { kind: 'park', seq }, 'SQLSTATE 22003', ++nowMs)
  }

  merge(flightOf(E, 1, [['site/settled', cellOf(5)]]))
  freeze()
  store.tallyFailure('ambiguous', 10_000)
  store.settle(1, 25)

  park(flightOf(A, 2, [['site/discarded', cellOf(7)]]))
  store.discardParked(['site/discarded'])
  park(flightOf(A, 3, [['site/retried', cellOf(2)]]))
  park(flightOf(A, 4, [['site/parked', BIG]]))

  const { x, y, z, conflict, request } = ENTRIES
  merge(flightOf(B, 1, [], [x, request]))
  merge(flightOf(B, 2, [['site/id', cellOf(9)]], [x, y, conflict]))
  merge(
    flightOf(A, 5, [
      ["site/it's", cellOf(1)],
      ['site/big', BIG],
    ]),
  )
  freeze()
  store.moveOn(sealed, { kind: 'cut', seq: 1, isSlow: false }, 'no answer within 10 s', ++nowMs)

  merge(
    flightOf(A, 6, [['site/a', cellOf(1)]]),
    flightOf(B, 3, [
      ['site/a', cellOf(2)],
      ['site/big', BIG],
    ]),
    flightOf(C, 1, [['site/ü\\"', cellOf(4)]]),
  )
  store.retryParked(['site/retried'], ++nowMs)
  merge(flightOf(D, 1, [], [z]))
  merge(flightOf(A, 7, [['site/parked', cellOf(1)]]), flightOf(C, 2, [['site/a', cellOf(-5)]]))
}

function flightOf(sender: string, n: number, cells: KeyedCell[], named: NamedEntry[] = []): string {
  return encodeFlight({ sender, n }, Cells.of(cells), named)
}
