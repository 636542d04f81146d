import { Accumulator } from '../model/accumulator.ts'
import { cellBytes } from '../model/cell.ts'
import type { Cells } from '../model/cells.ts'
import type { FlightName } from '../model/entry.ts'
import { encodeFlight, readFlight, UnknownVersion } from '../model/flight.ts'
import type { Piece } from '../model/flush/recut.ts'
import type { Trouble } from '../model/flush/trouble.ts'
import { LabelSets } from '../model/slices/label-sets.ts'
import { type Moved, NO_TALLY } from '../model/status.ts'
import { utf8Bytes } from '../model/text/utf8.ts'
import { flightsOf } from './journal.ts'
import type { Parked, ParkedCells } from './parked.ts'
import { cellsOfParked } from './parked.ts'
import type { Sql } from './sql.ts'
import type { StateRow } from './state.ts'
import { readState } from './state.ts'
import * as tables from './tables.ts'

/** A batch while it is frozen: cells that wait for Postgres under a seq. */
export type FrozenBatch = {
  readonly seq: number
  readonly id: string
  readonly increments: number
  readonly sinceMs: number
  /** Keys ascending. */
  readonly cells: Cells
  /** An upper bound of their encoded size. */
  readonly bytes: number
  readonly trouble: Trouble | null
}

/** Everything that a shard holds, mirrored from its storage. */
export type Memory = {
  open: Accumulator
  frozen: readonly FrozenBatch[]
  parked: ParkedCells
  /** The last move to another writer. */
  moved: Moved | null
  readonly senders: Map<string, number>
  /** How many named entries were ever accepted. The names themselves are in the storage alone. */
  ids: number
  /** The label sets that this instance has met. */
  readonly labelSets: LabelSets
  /** Senders whose last n is in the journal alone. */
  unsavedSenders: Set<string>
  state: StateRow
  /** Bytes of all the journal. */
  journalBytes: number
  /** How many bytes and flights it has grown by since it was last folded or emptied. */
  unfoldedBytes: number
  unfoldedFlights: number
  /** When the oldest open cell was opened, in epoch ms. */
  openSinceMs: number | null
}

/** A shard's memory before its first flight. */
export function emptyMemory(writer: string): Memory {
  return {
    open: new Accumulator(),
    frozen: [],
    parked: new Map(),
    moved: null,
    senders: new Map(),
    ids: 0,
    labelSets: new LabelSets(),
    unsavedSenders: new Set(),
    state: { writer, nextSeq: 1, accepted: 0, settled: 0, discarded: 0, tally: NO_TALLY },
    journalBytes: 0,
    unfoldedBytes: 0,
    unfoldedFlights: 0,
    openSinceMs: null,
  }
}

/**
 * Loads what is stored. The journal is replayed, which is merging and no more; row by row, because the encoded journal
 * together with its cells would be the most that the object ever holds. [J1]
 *
 * @throws UnknownVersion when any of it was written by a version that this code does not know.
 */
export function loadMemory(sql: Sql): Memory {
  const state = readState(sql)
  const memory: Memory = {
    ...emptyMemory(state.writer),
    state,
    senders: tables.readSenders(sql),
    ids: tables.countIds(sql),
    frozen: Array.from(tables.readBatches(sql), thaw),
    parked: new Map(tables.readParked(sql).map(unpack)),
    moved: tables.readMoved(sql),
  }
  for (const { cells } of memory.frozen) memory.labelSets.add(cells)
  memory.labelSets.add(cellsOfParked(memory.parked))
  for (const row of tables.readJournal(sql)) {
    for (const flight of flightsOf(row)) {
      const { name, cells, hasLabels } = readFlight(flight)
      if (hasLabels) memory.labelSets.add(cells)
      remember(memory, name, cells, utf8Bytes(flight), row.sinceMs)
    }
    memory.state = { ...memory.state, accepted: row.accepted }
  }
  return memory
}

/** Adds cells to the open ones, once they are journaled or when they are replayed. */
export function remember(
  memory: Memory,
  name: FlightName | null,
  cells: Cells,
  journalBytes: number,
  sinceMs: number,
): void {
  memory.open.addCells(cells)
  memory.journalBytes += journalBytes
  memory.openSinceMs ??= sinceMs
  if (name === null) return
  memory.unfoldedBytes += journalBytes
  memory.unfoldedFlights += 1
  memory.senders.set(name.sender, name.n)
  memory.unsavedSenders.add(name.sender)
}

/** @param piece its cells have keys ascending, and never change from now on. [F1] */
export function freezeBatch(seq: number, id: string, { cells, sinceMs, trouble }: Piece): FrozenBatch {
  const bytes = cells.keys.reduce((sum, key) => sum + cellBytes(key), 0)
  return { seq, id, sinceMs, bytes, cells, increments: cells.countIncrements(), trouble }
}

function thaw(row: tables.BatchRow): FrozenBatch {
  const { cells } = readFlight(row.cells)
  return freezeBatch(row.seq, row.id, { cells, sinceMs: row.sinceMs, trouble: null })
}

function unpack({ key, sinceMs, reason, cell }: tables.ParkedRow): [string, Parked] {
  const { cells } = readFlight(cell)
  if (cells.length !== 1) throw new UnknownVersion('a parked row without its one cell')
  return [key, { sinceMs, reason, cell: cells.cellAt(0) }]
}

export function batchRow(batch: FrozenBatch): tables.BatchRow {
  const { seq, id, sinceMs, cells } = batch
  return { seq, id, sinceMs, cells: encodeFlight(null, cells) }
}
