import { cellBytes } from '../model/accumulator.ts'
import type { Unsettled } from '../model/flight.ts'
import type { Holdings } from '../model/status.ts'
import type { Load } from './held.ts'
import type { Memory } from './memory.ts'

export function holdingsOf({ open, frozen, parked, state, ...memory }: Memory): Holdings {
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
    ...(tally === null ? {} : { tally }),
    oldestMs: frozen[0]?.sinceMs ?? memory.openSinceMs,
  }
}

/** What counts against the bounds that the shards of an isolate share. */
export function loadOf({ open, frozen, parked, journalBytes, ids }: Memory): Load {
  let { size: cells, bytes } = open
  for (const batch of frozen) {
    cells += batch.cells.length
    bytes += batch.bytes
  }
  for (const key of parked.keys()) bytes += cellBytes(key)
  return { cells: cells + parked.size, bytes, journalBytes, ids }
}

/** Where a shard stands with Postgres, whatever key is asked for. */
export function standingOf({ frozen, state }: Pick<Memory, 'frozen' | 'state'>) {
  const { writer, nextSeq, accepted } = state
  // The first write is that of an increment.
  return { writer, isStored: accepted > 0, settledSeq: (frozen[0]?.seq ?? nextSeq) - 1, nextSeq }
}

/** What Postgres may not have of a key, and how to tell from its ledger what it has. [R1] */
export function unsettledOf({ open, frozen, parked, state }: Memory, key: string): Unsettled {
  return {
    ...standingOf({ frozen, state }),
    open: open.get(key) ?? null,
    parked: parked.get(key)?.cell ?? null,
    frozen: frozen.flatMap(({ seq, cells }) => {
      const cell = cells.find(key)
      return cell === undefined ? [] : [{ seq, cell }]
    }),
  }
}
