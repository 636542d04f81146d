import { must } from '../model/assert.ts'
import { Cells } from '../model/cells.ts'
import { encodeFlight } from '../model/flight.ts'
import type { Sealed } from '../model/flush/batch.ts'
import type { Recut, RecutBy } from '../model/flush/recut.ts'
import { recutFrozen } from '../model/flush/recut.ts'
import { tallyMove } from '../model/status.ts'
import { utf8Bytes } from '../model/text/utf8.ts'
import { encodePieces } from './journal.ts'
import type { Memory } from './memory.ts'
import { batchRow, freezeBatch, remember } from './memory.ts'
import type { ParkedCells } from './parked.ts'
import { park, unpark } from './parked.ts'
import type { Sql } from './sql.ts'
import { saveState } from './state.ts'
import * as tables from './tables.ts'

/**
 * The store's steps that set cells aside, and that decide on them. Each is one transaction, and memory changes after
 * it.
 */

export type Move = {
  readonly sealed: Sealed
  readonly recut: Recut
  readonly by: RecutBy
  /** Why the shard moves, and why cells are parked: in Postgres's words. */
  readonly reason: string
  readonly nowMs: number
}

/**
 * Moves what is frozen to a new writer, once the old one is sealed; what the seal showed as applied is settled. [F3]
 *
 * @returns the increments that it settled.
 */
export function moveOn(sql: Sql, memory: Memory, uuid: () => string, move: Move): number {
  const { frozen, state } = memory
  const moved = recutFrozen(frozen, move.sealed, move.recut, move.by)
  const batches = moved.pieces.map((piece, i) => freezeBatch(i + 1, uuid(), piece))
  const settled = state.settled + moved.settled
  const tally = state.tally === null ? null : tallyMove(state.tally)
  const next = { ...state, settled, writer: uuid(), nextSeq: batches.length + 1, tally }
  const parked = park(memory.parked, moved.parked, move.reason, move.nowMs)
  const told = { atMs: move.nowMs, reason: move.reason }
  sql.transaction(() => {
    tables.clearBatches(sql)
    for (const batch of batches) tables.insertBatch(sql, batchRow(batch))
    saveParked(sql, parked, moved.parked.keys)
    saveState(sql, next)
    tables.saveMoved(sql, told)
  })
  memory.frozen = batches
  memory.state = next
  memory.parked = parked
  memory.moved = told
  return moved.settled
}

/** Opens parked cells again, by nameless flights in the journal, because they were accepted long ago. */
export function retryParked(
  sql: Sql,
  memory: Memory,
  keys: readonly string[],
  { nowMs, rowBytes }: { readonly nowMs: number; readonly rowBytes: number },
): number {
  const { taken, left } = unpark(memory.parked, keys)
  if (taken.length === 0) return 0
  const rows = [...encodePieces(null, { cells: taken, bytes: Number.POSITIVE_INFINITY }, rowBytes)]
  sql.transaction(() => {
    for (const key of taken.keys) tables.deleteParked(sql, key)
    for (const flight of rows) {
      tables.appendJournal(sql, { accepted: memory.state.accepted, sinceMs: nowMs, flight })
    }
  })
  memory.parked = left
  const bytes = rows.reduce((sum, row) => sum + utf8Bytes(row), 0)
  remember(memory, null, taken, bytes, nowMs)
  return taken.countIncrements()
}

/** Gives parked cells up. @returns the increments in them. */
export function discardParked(sql: Sql, memory: Memory, keys: readonly string[]): number {
  const { taken, left } = unpark(memory.parked, keys)
  if (taken.length === 0) return 0
  const increments = taken.countIncrements()
  const next = { ...memory.state, discarded: memory.state.discarded + increments }
  sql.transaction(() => {
    for (const key of taken.keys) tables.deleteParked(sql, key)
    saveState(sql, next)
  })
  memory.parked = left
  memory.state = next
  return increments
}

/** Writes the parked cells of those keys that cells have just joined. */
export function saveParked(sql: Sql, parked: ParkedCells, joined: readonly string[]): void {
  for (const key of joined) {
    const { sinceMs, reason, cell } = must(parked.get(key), 'a cell that was just parked')
    tables.saveParkedRow(sql, { key, sinceMs, reason, cell: encodeFlight(null, Cells.of([[key, cell]])) })
  }
}
