import { OVERFLOWED_SHOWN_MAX } from '../../limits.ts'
import type { Cell } from '../../model/cell.ts'
import { cellBytes, EMPTY_CELL, mergeCells } from '../../model/cell.ts'
import type { Cells } from '../../model/cells.ts'
import type { Settlement } from '../../model/closing.ts'
import { covers } from '../../model/key.ts'
import type { Unsettled } from '../../model/read.ts'
import { isSliceOf, keyOf } from '../../model/slices/slice.ts'
import type { Holdings } from '../../model/status.ts'
import type { Load } from '../isolate-load.ts'
import type { Memory } from '../memory.ts'
import { cellsOfParked } from '../parked.ts'

export function holdingsOf({ open, frozen, parked, labelSets, moved, state, ...memory }: Memory): Holdings {
  const { accepted, settled, discarded, tally } = state
  return {
    accepted,
    settled,
    discarded,
    open: { cells: open.size, increments: open.increments },
    frozen: {
      batches: frozen.length,
      cells: frozen.reduce((cells, batch) => cells + batch.cells.length, 0),
      increments: frozen.reduce((increments, batch) => increments + batch.increments, 0),
    },
    parked: {
      cells: parked.size,
      increments: parked.values().reduce((increments, { cell }) => increments + cell.count, 0),
    },
    journalBytes: memory.journalBytes,
    senders: memory.senders.size,
    ids: memory.ids,
    labelSets: labelSets.size,
    overflowed: [...labelSets.overflowed.values().take(OVERFLOWED_SHOWN_MAX)],
    ...(tally === null ? {} : { tally }),
    moved,
    oldestMs: oldestOf(frozen, memory.openSinceMs),
  }
}

/** Frozen batches change places when some of them fail. */
function oldestOf(frozen: Memory['frozen'], openSinceMs: number | null): number | null {
  const times = [...frozen.map(({ sinceMs }) => sinceMs), ...(openSinceMs === null ? [] : [openSinceMs])]
  return times.length === 0 ? null : Math.min(...times)
}

/** How much a shard uses of the bounds that the shards of an isolate share. */
export function loadOf({ open, frozen, parked, labelSets, journalBytes, ids }: Memory): Load {
  let { size: cells, bytes } = open
  for (const batch of frozen) {
    cells += batch.cells.length
    bytes += batch.bytes
  }
  for (const key of parked.keys()) bytes += cellBytes(key)
  return {
    cells: cells + parked.size + labelSets.size,
    bytes: bytes + labelSets.bytes,
    journalBytes,
    ids,
  }
}

export function* keysOf({ open, frozen, parked }: Memory): Generator<string, void, undefined> {
  for (const slice of open.cells.keys) yield keyOf(slice)
  for (const { cells } of frozen) for (const slice of cells.keys) yield keyOf(slice)
  for (const slice of parked.keys()) yield keyOf(slice)
}

/** How far a shard has come with Postgres, which is the same for every key. */
export function standingOf({ frozen, state }: Pick<Memory, 'frozen' | 'state'>) {
  const { writer, nextSeq, accepted } = state
  // A shard's first write is that of an increment.
  return { writer, isStored: accepted > 0, settledSeq: (frozen[0]?.seq ?? nextSeq) - 1, nextSeq }
}

/**
 * The cells of a key that Postgres may not have, and what it takes to tell from the ledger which of them it has. [R1]
 */
export function unsettledOf({ open, frozen, parked, state }: Memory, key: string): Unsettled {
  return {
    ...standingOf({ frozen, state }),
    open: open.get(key) ?? null,
    parked: parkedOf(parked, key),
    frozen: frozen.flatMap(({ seq, cells }) => {
      const cell = cells.find(key)
      return cell === undefined ? [] : [{ seq, cell }]
    }),
  }
}

/** The parked sum of a key. Few cells are parked, so all are looked at. */
function parkedOf(parked: Memory['parked'], key: string): Cell | null {
  const cells = [...parked].flatMap(([slice, { cell }]) => (isSliceOf(slice, key) ? [cell] : []))
  return cells.length === 0 ? null : cells.reduce(mergeCells)
}

/** Counts the increments that are not settled, of keys under a prefix in whole segments; null for all keys. [S2] */
export function countUnsettled(
  { open, frozen, parked }: Memory,
  prefix: string | null,
): Omit<Settlement, 'isShut'> {
  const openUnder = countUnder(open.cells, prefix)
  return {
    pending: frozen.reduce((sum, { cells }) => sum + countUnder(cells, prefix), openUnder),
    parked: countUnder(cellsOfParked(parked), prefix),
  }
}

function countUnder(cells: Cells, prefix: string | null): number {
  let increments = 0
  cells.forEach((slice, _sum, count) => {
    if (covers(prefix, keyOf(slice))) increments += count
  })
  return increments
}

/** Adds up what Postgres may not have, over all keys that begin with `prefix` and that `grant` covers. [R1] [S2] */
export function sumUnsettled(
  { open, frozen, parked, state }: Memory,
  prefix: string,
  grant: string | null,
): Unsettled {
  const isAsked = (key: string) => key.startsWith(prefix) && covers(grant, key)
  return {
    ...standingOf({ frozen, state }),
    open: sumWhere(open.cells, isAsked),
    parked: sumWhere(cellsOfParked(parked), isAsked),
    frozen: frozen.flatMap(({ seq, cells }) => {
      const cell = sumWhere(cells, isAsked)
      return cell === null ? [] : [{ seq, cell }]
    }),
  }
}

/** @returns null when no key is asked for. */
function sumWhere(cells: Cells, isAsked: (key: string) => boolean): Cell | null {
  let sum = EMPTY_CELL
  cells.forEach((slice, own, count, min, max) => {
    if (isAsked(keyOf(slice))) sum = mergeCells(sum, { sum: BigInt(own), count, min, max })
  })
  return sum.count === EMPTY_CELL.count ? null : sum
}
