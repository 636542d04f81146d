import { must } from '../model/assert.ts'
import type { Settlement } from '../model/closing.ts'
import type { CutBounds } from '../model/cut.ts'
import type { EntryResult, FlightName, KnownId, NamedEntry } from '../model/entry.ts'
import { judgeEntries } from '../model/entry.ts'
import type { Sealed } from '../model/flush/batch.ts'
import type { Recut } from '../model/flush/recut.ts'
import type { Trouble } from '../model/flush/trouble.ts'
import type { Unsettled } from '../model/read.ts'
import type { FlushOutcome, Holdings } from '../model/status.ts'
import { countUnsettled, holdingsOf, keysOf, loadOf, sumUnsettled, unsettledOf } from './answers/holdings.ts'
import type { Arrival } from './arrival.ts'
import type { ShardLimits } from './bounds.ts'
import { SHARD_LIMITS } from './bounds.ts'
import { fold, isUnfolded } from './fold.ts'
import { freeze } from './freezing.ts'
import type { Load } from './isolate-load.ts'
import { journalRows } from './journal.ts'
import type { FrozenBatch, Memory } from './memory.ts'
import { emptyMemory, loadMemory, remember } from './memory.ts'
import type { ParkedCells } from './parked.ts'
import { discardParked, moveOn, retryParked } from './parking.ts'
import { settle, tallyFailure } from './settling.ts'
import type { Sql } from './sql.ts'
import * as tables from './tables.ts'

/** Whether a flight's n is above the last of its sender, is that one, or is below it. */
export type NameStatus = 'new' | 'known' | 'stale'

/**
 * Everything that a shard holds: in SQLite, and mirrored in memory.
 *
 * Each step is one transaction, and memory changes only after the transaction has returned: otherwise a throw between
 * two writes of one turn would leave the first of them behind. Nothing here waits, so no step sees half of another.
 */
export class ShardStore {
  readonly limits: ShardLimits
  readonly #sql: Sql
  readonly #uuid: () => string
  #isStored: boolean
  #memory: Memory

  /**
   * Loads what is stored.
   *
   * @param uuid makes names for the writer and the batches.
   * @throws UnknownVersion when any of it was written by a version that this code does not know.
   */
  constructor(sql: Sql, uuid: () => string, limits: ShardLimits = SHARD_LIMITS) {
    this.limits = limits
    this.#sql = sql
    this.#uuid = uuid
    this.#isStored = tables.hasTables(sql)
    this.#memory = this.#isStored ? loadMemory(sql) : emptyMemory(uuid())
  }

  /** Whether the storage has tables. An object that was only woken has none. */
  get isStored(): boolean {
    return this.#isStored
  }

  /** The keys of all cells, some of them twice. */
  heldKeys(): Iterable<string> {
    return keysOf(this.#memory)
  }

  get openCells(): number {
    return this.#memory.open.size
  }

  /** An upper bound of the open cells' encoded bytes. */
  get openBytes(): number {
    return this.#memory.open.bytes
  }

  get senderCount(): number {
    return this.#memory.senders.size
  }

  get load(): Load {
    return loadOf(this.#memory)
  }

  get frozen(): readonly FrozenBatch[] {
    return this.#memory.frozen
  }

  /** Whether everything accepted is in Postgres or discarded, so that nothing would be lost with the storage. */
  get isEmpty(): boolean {
    const { open, frozen, parked } = this.#memory
    return open.size === 0 && frozen.length === 0 && parked.size === 0
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
   * The slice that a slice's cells count in: itself, or its key's overflow slice once it has too many. Decided before the
   * journal, so that a replay decides nothing. [L2]
   */
  placeLabels(slice: string, hasRoom: () => boolean): string {
    return this.#memory.labelSets.place(slice, this.limits.labelSets, hasRoom)
  }

  /**
   * Decides what becomes of a flight's named entries, or says what became of them. [I3]
   *
   * @param before names of flights that are merged together with this one, before it.
   */
  judge(
    name: FlightName,
    named: readonly NamedEntry[],
    before: ReadonlyMap<string, KnownId> = new Map(),
  ): EntryResult[] {
    if (named.length === 0) return []
    const ids = named.map(({ id }) => id)
    const stored = this.#isStored ? tables.findIds(this.#sql, ids) : new Map<string, KnownId>()
    return judgeEntries(named, before.size === 0 ? stored : new Map([...before, ...stored]), name)
  }

  /**
   * Journals what counts of some flights, and adds it to the open cells. Their names must be new, and so must those of
   * their entries; their senders are distinct. [I1] [I3] [I4]
   */
  merge(arrivals: readonly Arrival[], nowMs: number): void {
    // Where nothing counts there is nothing to keep: the flight is judged alike when it comes again.
    const taken = arrivals.filter(({ increments }) => increments > 0)
    if (taken.length === 0) return
    const memory = this.#memory
    const rows = journalRows(memory.state.accepted, taken, this.limits.rowBytes)
    this.#sql.transaction(() => {
      if (!this.#isStored) tables.createTables(this.#sql, memory.state.writer)
      for (const row of rows) tables.appendJournal(this.#sql, { ...row, sinceMs: nowMs })
      for (const { name, named } of taken) tables.insertIds(this.#sql, named, name)
    })
    this.#isStored = true
    memory.state = { ...memory.state, accepted: must(rows.at(-1), 'the last row of the journal').accepted }
    for (const { name, cells, named, bytes, hasLabels } of taken) {
      if (hasLabels) memory.labelSets.add(cells)
      memory.ids += named.length
      remember(memory, name, cells, bytes, nowMs)
    }
    if (isUnfolded(memory, this.limits)) fold(this.#sql, memory, this.limits, nowMs)
  }

  /**
   * Freezes all open cells into batches under the next seqs, after those that are frozen already. [F1]
   *
   * @param alsoDurable writes what must be durable with the freeze or not at all: the next alarm. [F4]
   */
  freeze(nowMs: number, alsoDurable: () => void): void {
    const freezing = { nowMs, alsoDurable, bounds: this.#bounds }
    this.#memory = freeze(this.#sql, this.#memory, this.#uuid, freezing)
  }

  /**
   * Forgets a batch that Postgres has confirmed. [F3]
   *
   * @param ms how long it took from the sending to the confirmation.
   */
  settle(seq: number, ms = 0): void {
    settle(this.#sql, this.#memory, seq, ms)
  }

  /** Counts a batch that Postgres has not confirmed. That costs a row written, but a healthy shard has none. */
  tallyFailure(outcome: Exclude<FlushOutcome, 'applied'>, ms: number): void {
    tallyFailure(this.#sql, this.#memory, outcome, ms)
  }

  /**
   * Moves what is frozen to a new writer, once the old one is sealed. See parking.ts. [F3]
   *
   * @param throughs how many batches have got through.
   * @returns the increments that the seal showed to be in Postgres.
   */
  moveOn(sealed: Sealed, recut: Recut, reason: string, nowMs: number, throughs = 0): number {
    const by = { bounds: this.#bounds, throughs }
    return moveOn(this.#sql, this.#memory, this.#uuid, { sealed, recut, by, reason, nowMs })
  }

  /** Notes how a frozen batch fared, in memory alone. */
  note(seq: number, trouble: Trouble): void {
    this.#memory.frozen = this.#memory.frozen.map((batch) =>
      batch.seq === seq ? { ...batch, trouble } : batch,
    )
  }

  get #bounds(): CutBounds {
    return { cells: this.limits.batchCells, bytes: this.limits.rowBytes }
  }

  /** Opens parked cells again, so that Postgres is asked once more. @returns the increments in them. */
  retryParked(keys: readonly string[], nowMs: number): number {
    return retryParked(this.#sql, this.#memory, keys, { nowMs, rowBytes: this.limits.rowBytes })
  }

  /** Gives parked cells up for good. They stay counted, as discarded. [C1] @returns the increments in them. */
  discardParked(keys: readonly string[]): number {
    return discardParked(this.#sql, this.#memory, keys)
  }

  /** Forgets everything, in the turn in which the storage is deleted. [Z1] */
  forget(): void {
    this.#isStored = false
    this.#memory = emptyMemory(this.#uuid())
  }

  unsettled(key: string): Unsettled {
    return unsettledOf(this.#memory, key)
  }

  countUnsettled(prefix: string | null): Omit<Settlement, 'isShut'> {
    return countUnsettled(this.#memory, prefix)
  }

  sumUnsettled(prefix: string, grant: string | null): Unsettled {
    return sumUnsettled(this.#memory, prefix, grant)
  }

  /** Everything that is held, to be read only. */
  get held(): Memory {
    return this.#memory
  }

  holdings(): Holdings {
    return holdingsOf(this.#memory)
  }

  get parked(): ParkedCells {
    return this.#memory.parked
  }
}
