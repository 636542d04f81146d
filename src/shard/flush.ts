import type { Clock } from '../clock.ts'
import {
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  FLUSH_RUN_MS_MAX,
  REFUSED_ALIKE_MAX,
  RETIRE_AGAIN_MS,
  TIMEOUTS_MAX,
} from '../limits.ts'
import type { FlushLine, OfBatch } from '../log.ts'
import { tellReason } from '../log.ts'
import type { ApplyOutcome, Batch, Sink } from '../model/batch.ts'
import type { ShardState } from '../model/flush-plan.ts'
import { nextFlushMs, planFlush } from '../model/flush-plan.ts'
import type { Recut } from '../model/recut.ts'
import { backoffMs } from '../model/retry.ts'
import type { ShardName } from '../model/shard-name.ts'
import { formatShardName } from '../model/shard-name.ts'
import type { Sent } from './flush-log.ts'
import { MOVED, ofBatch, tellApplied } from './flush-log.ts'
import type { FrozenBatch } from './memory.ts'
import type { ShardStore } from './store.ts'

/** The shard's one alarm, by epoch ms. Durable with the writes of the same turn. */
export interface Alarm {
  set(atMs: number): void
}

type Failed = Exclude<ApplyOutcome, { kind: 'applied' }>

export type FlushServices = {
  readonly name: ShardName
  readonly store: ShardStore
  readonly alarm: Alarm
  readonly sink: Sink
  readonly clock: Clock
  readonly intervalMs: number
  /** Epoch ms from which the shard, holding nothing, may retire. */
  readonly retireAtMs: number
  /** Deletes all that is stored, and forgets it, in the turn of the call. */
  readonly erase: () => void
  readonly log: (line: FlushLine) => void
}

/** Why Postgres does not have what it should, for `/status`. */
export type FlushFault = {
  readonly kind: Exclude<ApplyOutcome['kind'], 'applied'>
  readonly reason: string
  readonly failures: number
}

/**
 * Writes a shard's sums to Postgres. Control flow alone: the plan is pure, and all I/O stands behind the services.
 *
 * Only the alarm calls `run`, and never twice at a time. [F2]
 */
export class Flusher {
  readonly #services: FlushServices
  #notBeforeMs = 0
  #fault: FlushFault | null = null
  #isRunning = false
  /** Timeouts in a row of the batch that is sent. */
  #timeouts = 0
  #refusedAlike = { reason: '', count: 0 }
  /** The writer that the ledger is known to have. */
  #registered = ''
  #moved: { readonly atMs: number; readonly reason: string } | null = null

  constructor(services: FlushServices) {
    this.#services = services
  }

  /** What went wrong last, until a batch gets through. */
  get fault(): FlushFault | null {
    return this.#fault
  }

  /** The last move to a new writer, and why. */
  get moved() {
    return this.#moved
  }

  /** When the alarm should ring for cells that have just been opened: never earlier than a backoff allows. */
  dueMs(nowMs: number): number {
    const { intervalMs, name } = this.#services
    return Math.max(this.#notBeforeMs, nextFlushMs(nowMs, intervalMs, name.slot))
  }

  /** The same when the open cells have outgrown a flush. */
  dueAtOnceMs(nowMs: number): number {
    return Math.max(this.#notBeforeMs, nowMs)
  }

  /** What the alarm does. Arms the next alarm before the first wait, so that waiting always ends. [F4] */
  async run(): Promise<void> {
    const { alarm, clock } = this.#services
    const nowMs = clock.now()
    // The platform runs one alarm at a time; if it ever ran two, the second must not leave the shard without one.
    if (this.#isRunning) return alarm.set(this.dueMs(nowMs))
    const plan = planFlush(this.#state(), nowMs)
    switch (plan.kind) {
      case 'idle':
        return
      case 'wait':
        return alarm.set(plan.untilMs)
      case 'register':
        return this.#alone(() => this.#register(nowMs))
      case 'retire':
        return this.#alone(() => this.#retire(nowMs))
      case 'flush':
        return this.#alone(() => this.#flush(nowMs))
    }
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    this.#isRunning = true
    try {
      await work()
    } finally {
      this.#isRunning = false
    }
  }

  #state(): ShardState {
    const { store, retireAtMs } = this.#services
    return {
      isStored: store.isStored,
      openCells: store.openCells,
      frozenBatches: store.frozen.length,
      parkedCells: store.parked.size,
      isRegistered: this.#registered === store.writer,
      notBeforeMs: this.#notBeforeMs,
      retireAtMs,
    }
  }

  /** Freezes what is open unless something is frozen already, and sends what is frozen in the order of its seqs. */
  async #flush(nowMs: number): Promise<void> {
    const { store, alarm, clock, log } = this.#services
    const armNext = () => alarm.set(this.dueMs(nowMs))
    if (store.frozen.length === 0) store.freeze(nowMs, armNext)
    else armNext()
    const applied: OfBatch[] = []
    for (let batch = store.frozen[0]; batch !== undefined; batch = store.frozen[0]) {
      if (clock.now() - nowMs > FLUSH_RUN_MS_MAX) break
      if (!(await this.#send(batch, applied))) break
    }
    for (const line of tellApplied(applied)) log(line)
  }

  /**
   * Sends one batch, and does what the outcome asks. Answers whether to go on with the next.
   *
   * @param applied gets what is to be told of it, and not its cells: a backlog of them would not fit twice.
   */
  async #send(frozen: FrozenBatch, applied: OfBatch[]): Promise<boolean> {
    const { store, sink, clock } = this.#services
    const beganMs = clock.now()
    const outcome = await sink.apply(this.#batchOf(frozen))
    const sent = { frozen, ms: clock.now() - beganMs }
    if (outcome.kind !== 'applied') store.tallyFailure(outcome.kind, sent.ms)
    this.#timeouts = outcome.kind === 'ambiguous' && outcome.isTimeout ? this.#timeouts + 1 : 0
    switch (outcome.kind) {
      case 'applied':
        store.settle(frozen.seq, sent.ms)
        applied.push(ofBatch(sent))
        this.#fault = null
        this.#notBeforeMs = 0
        this.#refusedAlike = { reason: '', count: 0 }
        return true
      case 'rewound':
        return this.#moveOn({ kind: 'keep' }, outcome, sent)
      case 'cell_refused':
        return this.#refuseCells(sent, outcome)
      case 'ambiguous':
        if (this.#timeouts < TIMEOUTS_MAX || frozen.cells.length === 1) return this.#backOff(outcome, sent)
        return this.#moveOn({ kind: 'halve', seq: frozen.seq }, outcome, sent)
      case 'behind':
      case 'refused':
        return this.#backOff(outcome, sent)
    }
  }

  /** Cuts out the cell that Postgres refuses, and lets its neighbours through. [P3] */
  #refuseCells(sent: Sent, outcome: Extract<Failed, { kind: 'cell_refused' }>) {
    const { seq, cells } = sent.frozen
    if (cells.length > 1) return this.#moveOn({ kind: 'halve', seq }, outcome, sent)
    const { reason } = outcome
    const count = this.#refusedAlike.reason === reason ? this.#refusedAlike.count + 1 : 1
    this.#refusedAlike = { reason, count }
    // When cell after cell is refused alike and none gets through, it is not the cells.
    if (count > REFUSED_ALIKE_MAX) return this.#backOff({ ...outcome, kind: 'refused' }, sent)
    return this.#moveOn({ kind: 'park', seq }, outcome, sent)
  }

  /** Seals the writer, so that no copy of what it sent can be applied any more, and moves what is frozen to a new one. */
  async #moveOn(recut: Recut, why: Extract<Failed, { reason: string }>, sent: Sent): Promise<boolean> {
    const { store, sink, clock, name, log } = this.#services
    const outcome = await sink.seal(store.writer, formatShardName(name))
    if (outcome.kind !== 'sealed') return this.#backOff(outcome, 'seal failed')
    store.moveOn(outcome.sealed, recut, why.reason, clock.now())
    this.#moved = { atMs: clock.now(), reason: why.reason }
    this.#timeouts = 0
    log({ message: MOVED[recut.kind], outcome: why.kind, reason: tellReason(why.reason), ...ofBatch(sent) })
    if (recut.kind !== 'keep') return true
    // Another past is nothing to hurry after.
    this.#waitAfter(why)
    return false
  }

  /**
   * Makes the ledger know a shard that keeps parked cells beyond its hour. Its writer is new since they were parked, and
   * has sent nothing: whoever asks the ledger which hours are not done, as a deploy does, would not find it. [K2] [Z1]
   */
  async #register(nowMs: number): Promise<void> {
    const { store, sink, alarm, name } = this.#services
    alarm.set(nowMs + RETIRE_AGAIN_MS)
    const { writer } = store
    const outcome = await sink.register(writer, formatShardName(name))
    if (outcome.kind !== 'registered') {
      this.#backOff(outcome, 'register failed')
      return
    }
    this.#registered = writer
    this.#fault = null
  }

  /** Ends a shard of a closed hour that holds nothing. [Z1] */
  async #retire(nowMs: number): Promise<void> {
    const { store, sink, alarm, name, erase, log } = this.#services
    alarm.set(nowMs + RETIRE_AGAIN_MS)
    const outcome = await sink.seal(store.writer, formatShardName(name))
    if (outcome.kind !== 'sealed') {
      this.#backOff(outcome, 'seal failed')
      return
    }
    // In one turn: nothing can have come in between the look and the end. What came during the wait finds its writer
    // sealed, and moves on.
    if (!store.isEmpty) return
    erase()
    log({ message: 'retired' })
  }

  /** Arms the alarm for the next try. @param what the batch that has failed, or what else. */
  #backOff(outcome: Failed, what: Sent | 'seal failed' | 'register failed'): false {
    const { failures, reason, retryMs } = this.#waitAfter(outcome)
    const told = { outcome: outcome.kind, reason: tellReason(reason), failures, retryMs }
    this.#services.log(
      typeof what === 'string'
        ? { message: what, ...told }
        : { message: 'flush failed', ...told, ...ofBatch(what) },
    )
    return false
  }

  #waitAfter(outcome: Failed) {
    const { alarm, clock } = this.#services
    const failures = (this.#fault?.failures ?? 0) + 1
    const reason =
      outcome.kind === 'behind' ? 'an earlier copy of the batch may be under way' : outcome.reason
    this.#fault = { kind: outcome.kind, reason, failures }
    const retryMs = backoffMs(failures, { minMs: BACKOFF_MS_MIN, maxMs: BACKOFF_MS_MAX }, clock.random())
    this.#notBeforeMs = clock.now() + retryMs
    alarm.set(this.#notBeforeMs)
    return { failures, reason, retryMs }
  }

  #batchOf(frozen: FrozenBatch): Batch {
    const { name, store } = this.#services
    return {
      writer: store.writer,
      seq: frozen.seq,
      id: frozen.id,
      shard: formatShardName(name),
      hour: name.hour,
      cells: frozen.cells,
      increments: frozen.increments,
    }
  }
}
