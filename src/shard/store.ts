import { BATCH_CELLS_MAX, FLIGHT_BYTES_MAX, FOLD_BYTES } from '../limits.ts'
import { countIncrements, cut } from '../model/accumulator.ts'
import type { Flight, FlightName, Unsettled } from '../model/flight.ts'
import { encodeFlight } from '../model/flight.ts'
import { utf8Bytes } from '../model/utf8.ts'
import type { Load } from './held.ts'
import type { FrozenBatch, Memory } from './memory.ts'
import { emptyMemory, freezeBatch, loadMemory, remember } from './memory.ts'
import type { Sql } from './sql.ts'
import * as tables from './tables.ts'

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

/**
 * What a shard holds: in SQLite, and mirrored in memory.
 *
 * Each step is one transaction, and memory changes only after it has returned: a throw between two writes of one
 * turn would otherwise leave the first of them behind. Nothing here waits, so no step sees half of another.
 */
export class ShardStore {
  readonly #sql: Sql
  readonly #uuid: () => string
  #isStored: boolean
  #memory: Memory

  /**
   * Loads what is stored.
   *
   * @param uuid chance: for the writer's name, at the first write, and for the batches' ids.
   * @throws UnknownVersion when any of it was written by a version that this code does not know.
   */
  constructor(sql: Sql, uuid: () => string) {
    this.#sql = sql
    this.#uuid = uuid
    this.#isStored = tables.hasTables(sql)
    this.#memory = this.#isStored ? loadMemory(sql) : emptyMemory(uuid())
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

  /** Who the shard is to Postgres. */
  get writer(): string {
    return this.#memory.state.writer
  }

  knowsSender(sender: string): boolean {
    return this.#memory.senders.has(sender)
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
  merge({ name, cells }: Flight, encoded: string, nowMs: number): void {
    const memory = this.#memory
    const accepted = memory.state.accepted + countIncrements(cells)
    this.#sql.transaction(() => {
      if (!this.#isStored) tables.createTables(this.#sql, memory.state.writer)
      tables.appendJournal(this.#sql, { accepted, sinceMs: nowMs, flight: encoded })
    })
    this.#isStored = true
    memory.state = { ...memory.state, accepted }
    remember(memory, name, cells, utf8Bytes(encoded), nowMs)
    if (memory.unfoldedBytes > Math.max(FOLD_BYTES, memory.open.bytes)) this.#fold(nowMs)
  }

  /** Writes the open cells in place of the flights that they came from, so that an outage does not grow the journal. */
  #fold(nowMs: number): void {
    const { open, state, openSinceMs } = this.#memory
    const sinceMs = openSinceMs ?? nowMs
    let journalBytes = 0
    this.#sql.transaction(() => {
      tables.clearJournal(this.#sql)
      for (const cells of cut(open, { cells: Number.POSITIVE_INFINITY, bytes: FLIGHT_BYTES_MAX })) {
        const flight = encodeFlight({ name: null, cells })
        tables.appendJournal(this.#sql, { accepted: state.accepted, sinceMs, flight })
        journalBytes += utf8Bytes(flight)
      }
      this.#saveSenders()
      tables.saveAccepted(this.#sql, state.accepted)
    })
    Object.assign(this.#memory, { unsavedSenders: new Set(), journalBytes, unfoldedBytes: 0 })
  }

  /**
   * Freezes all open cells into batches under the next seqs. Nothing may be frozen already. [F1]
   *
   * @param alsoDurable what must be durable with the freeze or not at all: the next alarm. [F4]
   */
  freeze(nowMs: number, alsoDurable: () => void): void {
    const { open, frozen, state, openSinceMs, senders } = this.#memory
    if (frozen.length > 0 || open.size === 0) throw new Error('freezes what is open, when nothing is frozen')
    const pieces = cut(open, { cells: BATCH_CELLS_MAX, bytes: FLIGHT_BYTES_MAX })
    const sinceMs = openSinceMs ?? nowMs
    const batches = pieces.map((cells, i) => freezeBatch(state.nextSeq + i, this.#uuid(), sinceMs, cells))
    const next = { ...state, nextSeq: state.nextSeq + batches.length }
    this.#sql.transaction(() => {
      for (const batch of batches) tables.insertBatch(this.#sql, batchRow(batch))
      tables.saveFrozen(this.#sql, next)
      this.#saveSenders()
      tables.clearJournal(this.#sql)
      alsoDurable()
    })
    this.#memory = { ...emptyMemory(state.writer), senders, frozen: batches, state: next }
  }

  /** Forgets a batch that Postgres has confirmed. [F3] */
  settle(seq: number): void {
    const { frozen, state } = this.#memory
    const batch = frozen.find((b) => b.seq === seq)
    if (batch === undefined) throw new Error(`batch ${seq} is not frozen`)
    this.#sql.transaction(() => {
      tables.deleteBatch(this.#sql, seq)
      tables.addSettled(this.#sql, batch.increments)
    })
    this.#memory.frozen = frozen.filter((b) => b.seq !== seq)
    this.#memory.state = { ...state, settled: state.settled + batch.increments }
  }

  /** What Postgres may not have of a key, and how to tell from its ledger what it has. [R1] */
  unsettled(key: string): Unsettled {
    const { open, frozen, state } = this.#memory
    return {
      writer: state.writer,
      settledSeq: (frozen[0]?.seq ?? state.nextSeq) - 1,
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

  #saveSenders(): void {
    const { senders, unsavedSenders } = this.#memory
    for (const sender of unsavedSenders) tables.saveSender(this.#sql, sender, senders.get(sender) ?? 0)
  }
}

function batchRow(batch: FrozenBatch): tables.BatchRow {
  const cells = encodeFlight({ name: null, cells: [...batch.cells] })
  return { seq: batch.seq, id: batch.id, sinceMs: batch.sinceMs, cells }
}
