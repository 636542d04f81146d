import { assert } from '../model/assert.ts'
import type { CutBounds } from '../model/cut.ts'
import { piecesToFreeze } from '../model/flush/recut.ts'
import { saveSenders } from './fold.ts'
import type { Memory } from './memory.ts'
import { batchRow, emptyMemory, freezeBatch } from './memory.ts'
import { park } from './parked.ts'
import { saveParked } from './parking.ts'
import type { Sql } from './sql.ts'
import { saveState } from './state.ts'
import * as tables from './tables.ts'

export type Freezing = {
  readonly nowMs: number
  readonly bounds: CutBounds
  /** Writes what must be durable with the freeze or not at all. */
  readonly alsoDurable: () => void
}

/** Freezes all open cells, in one transaction. [F1] @returns the memory after it. */
export function freeze(
  sql: Sql,
  memory: Memory,
  uuid: () => string,
  { nowMs, bounds, alsoDurable }: Freezing,
): Memory {
  const { open, frozen, parked: parkedBefore, moved, state, openSinceMs, senders, ids, labelSets } = memory
  assert(open.size > 0, 'a freeze finds open cells')
  const joining = open.pick(parkedBefore.keys())
  // Nearly always nothing is parked, and then the open cells are taken without a copy.
  const going = joining.length === 0 ? open.cells : open.cells.where((key) => !parkedBefore.has(key))
  const pieces = piecesToFreeze(going, frozen, openSinceMs ?? nowMs, bounds)
  const batches = pieces.map((piece, i) => freezeBatch(state.nextSeq + i, uuid(), piece))
  const next = { ...state, nextSeq: state.nextSeq + batches.length }
  const parked = park(parkedBefore, joining, '', nowMs)
  sql.transaction(() => {
    for (const batch of batches) tables.insertBatch(sql, batchRow(batch))
    saveParked(sql, parked, joining.keys)
    saveState(sql, next)
    saveSenders(sql, memory)
    tables.clearJournal(sql, memory.unfoldedFlights)
    alsoDurable()
  })
  return {
    ...emptyMemory(state.writer),
    senders,
    ids,
    parked,
    moved,
    labelSets,
    frozen: [...frozen, ...batches],
    state: next,
  }
}
