import type { Clock } from '../clock.ts'
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, FLUSH_RUN_MS_MAX, RETIRE_AGAIN_MS } from '../limits.ts'
import type { FlushLine, OfBatch } from '../log.ts'
import { describeReason } from '../log.ts'
import type { Batch, Sink } from '../model/flush/batch.ts'
import type { Explained, Failed, FlushFault } from '../model/flush/outcome.ts'
import { continueStreak, faultAfter, NO_STREAK, planAfter } from '../model/flush/outcome.ts'
import type { ShardState } from '../model/flush/plan.ts'
import { nextFlushMs, planFlush } from '../model/flush/plan.ts'
import type { Recut } from '../model/flush/recut.ts'
import { backoffMs } from '../model/retry.ts'
import type { ShardName } from '../model/shard-name.ts'
import { formatShardName } from '../model/shard-name.ts'
import type { Alarm } from './alarm.ts'
import type { Sent } from './flush-log.ts'
import { MOVED, ofBatch, tellApplied } from './flush-log.ts'
import type { FrozenBatch } from './memory.ts'
import type { ShardStore } from './store.ts'

export type FlushServices = {
  readonly name: ShardName
  readonly store: ShardStore
  readonly alarm: Alarm
  readonly sink: Sink
  readonly clock: Clock
  readonly intervalMs: number
  /** Epoch ms from which the shard may retire once it holds nothing. */
  readonly retireAtMs: number
  /** Deletes and forgets everything that the shard holds, in the turn of the call. */
  readonly erase: () => void
  readonly log: (line: FlushLine) => void
}

/**
 * Writes a shard's sums to Postgres. It holds the control flow alone: pure functions decide what to do next, and all I/O
 * stands behind the services.
 *
 * Only the alarm calls `run`, and never twice at a time. [F2]
 */
export class Flusher {
  readonly #services: FlushServices
  #notBeforeMs = 0
  #fault: FlushFault | null = null
  #isRunning = false
  #streak = NO_STREAK
  /** The writer of which the ledger is known to have a row. */
  #registered = ''

  constructor(services: FlushServices) {
    this.#services = services
  }

  /** The last failure; null once a batch has got through. */
  get fault(): FlushFault | null {
    return this.#fault
  }

  /** When the alarm should ring for cells that have just been opened, in epoch ms: never before a backoff is over. */
  dueMs(nowMs: number): number {
    const { intervalMs, name } = this.#services
    return Math.max(this.#notBeforeMs, nextFlushMs(nowMs, intervalMs, name.slot))
  }

  /** When the alarm should ring for open cells that have outgrown a flush, in epoch ms. */
  dueAtOnceMs(nowMs: number): number {
    return Math.max(this.#notBeforeMs, nowMs)
  }

  /** Does what the alarm is for. Arms the next alarm before the first wait, so that waiting always ends. [F4] */
  async run(): Promise<void> {
    const { alarm, clock } = this.#services
    const nowMs = clock.now()
    // The platform runs one alarm at a time. If it ever ran two, the second must not leave the shard without an alarm.
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
      this.#services.sink.end()
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

  /** Freezes what is open unless batches are frozen already, and sends the frozen batches in the order of their seqs. */
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
   * Sends one batch, and does what its outcome asks for. @returns whether to go on with the next batch.
   *
   * @param applied gets the batch's figures and not its cells, because a backlog of cells would not fit in memory twice.
   */
  async #send(frozen: FrozenBatch, applied: OfBatch[]): Promise<boolean> {
    const { name, store, sink, clock } = this.#services
    const beganMs = clock.now()
    const outcome = await sink.apply(batchOf(name, store.writer, frozen))
    const sent = { frozen, ms: clock.now() - beganMs }
    if (outcome.kind !== 'applied') store.tallyFailure(outcome.kind, sent.ms)
    this.#streak = continueStreak(this.#streak, outcome, frozen.cells.length)
    const step = planAfter(outcome, frozen, this.#streak)
    switch (step.kind) {
      case 'settle':
        store.settle(frozen.seq, sent.ms)
        applied.push(ofBatch(sent))
        this.#fault = null
        this.#notBeforeMs = 0
        return true
      case 'move_on':
        return this.#moveOn(step.recut, step.why, sent)
      case 'back_off':
        return this.#backOff(step.why, sent)
    }
  }

  /** Seals the writer, so that no copy of what it sent can be applied any more, and moves what is frozen to a new one. */
  async #moveOn(recut: Recut, why: Explained, sent: Sent): Promise<boolean> {
    const { store, sink, clock, name, log } = this.#services
    const outcome = await sink.seal(store.writer, formatShardName(name))
    if (outcome.kind !== 'sealed') return this.#backOff(outcome, 'seal failed')
    store.moveOn(outcome.sealed, recut, why.reason, clock.now())
    this.#streak = { ...this.#streak, timeouts: 0 }
    log({
      message: MOVED[recut.kind],
      outcome: why.kind,
      reason: describeReason(why.reason),
      ...ofBatch(sent),
    })
    if (recut.kind !== 'keep') return true
    // Storage was rewound: that needs a person, so there is no reason to hurry.
    this.#waitAfter(why)
    return false
  }

  /**
   * Makes the ledger know a shard that keeps parked cells beyond its hour. Its writer is new since they were parked and
   * has sent nothing, so somebody who asks the ledger which hours are not done, as a deploy does, would miss it. [K2] [Z1]
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
    // The look and the end are in one turn, so nothing can come in between. What came in during the wait finds its writer
    // sealed, and moves on to a new one.
    if (!store.isEmpty) return
    erase()
    log({ message: 'retired' })
  }

  /** Arms the alarm for the next try, and logs why. @param what the batch that failed, or the other step that did. */
  #backOff(outcome: Failed, what: Sent | 'seal failed' | 'register failed'): false {
    const { failures, reason, retryMs } = this.#waitAfter(outcome)
    const told = { outcome: outcome.kind, reason: describeReason(reason), failures, retryMs }
    this.#services.log(
      typeof what === 'string'
        ? { message: what, ...told }
        : { message: 'flush failed', ...told, ...ofBatch(what) },
    )
    return false
  }

  #waitAfter(outcome: Failed) {
    const { alarm, clock } = this.#services
    const fault = faultAfter(this.#fault, outcome)
    const bounds = { minMs: BACKOFF_MS_MIN, maxMs: BACKOFF_MS_MAX }
    const retryMs = backoffMs(fault.failures, bounds, clock.random())
    this.#fault = fault
    this.#notBeforeMs = clock.now() + retryMs
    alarm.set(this.#notBeforeMs)
    return { ...fault, retryMs }
  }
}

function batchOf(name: ShardName, writer: string, { seq, id, cells, increments }: FrozenBatch): Batch {
  return { writer, seq, id, shard: formatShardName(name), hour: name.hour, cells, increments }
}
