import { BATCH_CELLS_MAX, FLIGHT_BYTES_MAX, FOLD_BYTES } from '../limits.ts'
import { Accumulator, cellBytes, countIncrements, cut } from '../model/accumulator.ts'
import type { Cell, KeyedCell } from '../model/cell.ts'
import type { Flight, FlightName, Unsettled } from '../model/flight.ts'
import { decodeFlight, encodeFlight } from '../model/flight.ts'
import { utf8Bytes } from '../model/utf8.ts'
import type { Load } from './held.ts'
import type { Sql } from './sql.ts'
import * as tables from './tables.ts'

/** Cells that wait for Postgres under a seq. */
export type FrozenBatch = {
  readonly seq: number
  readonly id: string
  readonly increments: number
  readonly sinceMs: number
  readonly cells: ReadonlyMap<string, Cell>
  /** Encoded size as an upper bound. */
  readonly bytes: number
}

/** Whether a flight's name has been seen: never, as the sender's last, or below it. */
export type NameStatus = 'new' | 'known' | 'stale'

/** What the shard holds, in numbers. */
export type Holdings = {
  readonly accepted: number
  readonly settled: number
  readonly open: { readonly cells: number; readonly increments: number }
  readonly frozen: { readonly batches: number; readonly cells: number; readonly increments: number }
  readonly journalBytes: number
  readonly senders: number
  /** Arrival of the oldest increment that Postgres may not have; null when it has all. Epoch ms. */
  readonly oldestMs: number | null
}

type Memory = {
  open: Accumulator
  frozen: FrozenBatch[]
  senders: Map<string, number>
  /** Senders whose last n stands in the journal alone. */
  unsavedSenders: Set<string>
  state: tables.StateRow
  journalBytes: number
  openSinceMs: number | null
}

/**
 * What a shard holds: in SQLite, and mirrored in memory.
 *
 * Each step is one transaction, and memory changes only after it has returned: a throw between two writes of one
 * turn would otherwise leave the first of them behind. Nothing here waits, so no step sees half of another.
 */
export class ShardStore {
  readonly #sql: Sql
  #isStored = false
  #memory: Memory = emptyMemory()

  /**
   * Loads what is stored: replay is merge alone. [J1]
   *
   * @throws UnknownVersion when any of it was written by a version that this code does not know.
   */
  constructor(sql: Sql) {
    this.#sql = sql
    this.#isStored = tables.hasTables(sql)
    if (this.#isStored) this.#memory = load(sql)
  }

  /** Whether the storage has tables. An object that was only woken has none. */
  get isStored(): boolean {
    return this.#isStored
  }

  get openCells(): number {
    return this.#memory.open.size
  }

  /** Encoded bytes, as an upper bound. */
  get openBytes(): number {
    return this.#memory.open.bytes
  }

  get senderCount(): number {
    return this.#memory.senders.size
  }

  /** What counts against the bounds that the shards of an isolate share. */
  get load(): Load {
    const { open, frozen, journalBytes } = this.#memory
    let { size: cells, bytes } = open
    for (const batch of frozen) {
      cells += batch.cells.size
      bytes += batch.bytes
    }
    return { cells, bytes, journalBytes }
  }

  get frozen(): readonly FrozenBatch[] {
    return this.#memory.frozen
  }

  get writer(): string | null {
    return this.#memory.state.writer
  }

  nameStatus(name: FlightName): NameStatus {
    const last = this.#memory.senders.get(name.sender)
    if (last === undefined || name.n > last) return 'new'
    return name.n === last ? 'known' : 'stale'
  }

  /**
   * Journals a flight and adds it to the open cells. Its name must be new. [I1] [I4]
   *
   * @param encoded the same flight as its sender encoded it: the journal keeps these bytes.
   */
  merge(flight: Flight, encoded: string, nowMs: number): void {
    const { state } = this.#memory
    const accepted = state.accepted + countIncrements(flight.cells)
    this.#step(() => {
      if (!this.#isStored) tables.createTables(this.#sql)
      tables.appendJournal(this.#sql, { accepted, sinceMs: nowMs, flight: encoded })
    })
    const memory = this.#memory
    this.#isStored = true
    memory.state = { ...state, accepted }
    memory.journalBytes += utf8Bytes(encoded)
    memory.openSinceMs ??= nowMs
    memory.open.addAll(flight.cells)
    if (flight.name !== null) rememberSender(memory, flight.name)
    if (memory.journalBytes > Math.max(FOLD_BYTES, memory.open.bytes)) this.#fold(nowMs)
  }

  /** Writes the open cells in place of the flights that they came from, so that an outage does not grow the journal. */
  #fold(nowMs: number): void {
    const { open, state, openSinceMs } = this.#memory
    const pieces = cut(open, { cells: Number.POSITIVE_INFINITY, bytes: FLIGHT_BYTES_MAX })
    const rows = pieces.map((cells) => encodeFlight({ name: null, cells }))
    this.#step(() => {
      tables.clearJournal(this.#sql)
      for (const flight of rows) {
        tables.appendJournal(this.#sql, { accepted: state.accepted, sinceMs: openSinceMs ?? nowMs, flight })
      }
      this.#saveSenders()
      tables.saveAccepted(this.#sql, state.accepted)
    })
    this.#memory.unsavedSenders = new Set()
    this.#memory.journalBytes = rows.reduce((bytes, row) => bytes + utf8Bytes(row), 0)
  }

  /**
   * Freezes all open cells into batches under the next seqs. Nothing may be frozen already. [F1]
   *
   * @param uuid chance, for the batches' ids and, the first time, for the writer.
   * @param alsoDurable what must be durable with the freeze or not at all: the next alarm. [F4]
   */
  freeze(nowMs: number, uuid: () => string, alsoDurable: () => void): void {
    const { open, frozen, state, openSinceMs } = this.#memory
    if (frozen.length > 0 || open.size === 0) throw new Error('freezes what is open, when nothing is frozen')
    const writer = state.writer ?? uuid()
    const pieces = cut(open, { cells: BATCH_CELLS_MAX, bytes: FLIGHT_BYTES_MAX })
    const sinceMs = openSinceMs ?? nowMs
    const batches = pieces.map((cells, i) => freezeBatch(state.nextSeq + i, uuid(), sinceMs, cells))
    const next = { ...state, writer, nextSeq: state.nextSeq + batches.length }
    this.#step(() => {
      for (const batch of batches) tables.insertBatch(this.#sql, batchRow(batch))
      tables.saveFrozen(this.#sql, next)
      this.#saveSenders()
      tables.clearJournal(this.#sql)
      alsoDurable()
    })
    this.#memory = {
      ...emptyMemory(),
      senders: this.#memory.senders,
      frozen: batches,
      state: next,
    }
  }

  /** Forgets a batch that Postgres has confirmed. [F3] */
  settle(seq: number): void {
    const { frozen, state } = this.#memory
    const batch = frozen.find((b) => b.seq === seq)
    if (batch === undefined) throw new Error(`batch ${seq} is not frozen`)
    this.#step(() => {
      tables.deleteBatch(this.#sql, seq)
      tables.addSettled(this.#sql, batch.increments)
    })
    this.#memory.frozen = frozen.filter((b) => b.seq !== seq)
    this.#memory.state = { ...state, settled: state.settled + batch.increments }
  }

  /** What Postgres may not have of a key, and how to tell from its ledger what it has. [R1] */
  unsettled(key: string): Unsettled {
    const { open, frozen, state } = this.#memory
    const first = frozen[0]
    return {
      writer: state.writer,
      settledSeq: (first === undefined ? state.nextSeq : first.seq) - 1,
      nextSeq: state.nextSeq,
      open: open.get(key) ?? null,
      frozen: frozen.flatMap(({ seq, cells }) => {
        const cell = cells.get(key)
        return cell === undefined ? [] : [{ seq, cell }]
      }),
    }
  }

  holdings(): Holdings {
    const { open, frozen, state, senders, journalBytes, openSinceMs } = this.#memory
    return {
      accepted: state.accepted,
      settled: state.settled,
      open: { cells: open.size, increments: open.increments },
      frozen: {
        batches: frozen.length,
        cells: frozen.reduce((cells, batch) => cells + batch.cells.size, 0),
        increments: frozen.reduce((increments, batch) => increments + batch.increments, 0),
      },
      journalBytes,
      senders: senders.size,
      oldestMs: frozen[0]?.sinceMs ?? openSinceMs,
    }
  }

  #step(body: () => void): void {
    this.#sql.transaction(body)
  }

  #saveSenders(): void {
    const { senders, unsavedSenders } = this.#memory
    for (const sender of unsavedSenders) tables.saveSender(this.#sql, sender, senders.get(sender) ?? 0)
  }
}

function emptyMemory(): Memory {
  return {
    open: new Accumulator(),
    frozen: [],
    senders: new Map(),
    unsavedSenders: new Set(),
    state: { writer: null, nextSeq: 1, accepted: 0, settled: 0 },
    journalBytes: 0,
    openSinceMs: null,
  }
}

function load(sql: Sql): Memory {
  const journal = tables.readJournal(sql)
  const state = tables.readState(sql)
  const memory: Memory = {
    ...emptyMemory(),
    state: { ...state, accepted: journal.at(-1)?.accepted ?? state.accepted },
    senders: tables.readSenders(sql),
    frozen: tables.readBatches(sql).map(thaw),
    openSinceMs: journal[0]?.sinceMs ?? null,
  }
  for (const row of journal) {
    const flight = decodeFlight(row.flight)
    memory.open.addAll(flight.cells)
    memory.journalBytes += utf8Bytes(row.flight)
    if (flight.name !== null) rememberSender(memory, flight.name)
  }
  return memory
}

function rememberSender(memory: Memory, name: FlightName): void {
  memory.senders.set(name.sender, name.n)
  memory.unsavedSenders.add(name.sender)
}

function freezeBatch(seq: number, id: string, sinceMs: number, cells: readonly KeyedCell[]): FrozenBatch {
  const bytes = cells.reduce((sum, [key]) => sum + cellBytes(key), 0)
  return { seq, id, sinceMs, bytes, cells: new Map(cells), increments: countIncrements(cells) }
}

function batchRow(batch: FrozenBatch): tables.BatchRow {
  const cells = encodeFlight({ name: null, cells: [...batch.cells] })
  return { seq: batch.seq, id: batch.id, sinceMs: batch.sinceMs, cells }
}

function thaw(row: tables.BatchRow): FrozenBatch {
  return freezeBatch(row.seq, row.id, row.sinceMs, decodeFlight(row.cells).cells)
}
