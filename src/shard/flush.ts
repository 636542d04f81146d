import { FLUSH_RUN_MS_MAX, RETIRE_AGAIN_MS, STATEMENT_MS_MAX } from '../limits.ts'
import type { OfBatch } from '../log.ts'
import type { FlushFault } from '../model/flush/outcome.ts'
import type { ShardState } from '../model/flush/plan.ts'
import { nextFlushMs, planFlush } from '../model/flush/plan.ts'
import { formatShardName } from '../model/shard-name.ts'
import { tellApplied } from './sending/flush-log.ts'
import type { SendingServices } from './sending/sending.ts'
import { Sending } from './sending/sending.ts'
import { Setbacks } from './sending/setbacks.ts'

export type FlushServices = SendingServices & {
  readonly intervalMs: number
  /** Epoch ms from which the shard may retire once it holds nothing. */
  readonly retireAtMs: number
  /** Deletes and forgets everything that the shard holds, in the turn of the call. */
  readonly erase: () => void
}

/**
 * Writes a shard's sums to Postgres. It holds the control flow alone: pure functions decide what to do next, and all I/O
 * stands behind the services.
 *
 * Only the alarm calls `run`, and never twice at a time. [F2]
 */
export class Flusher {
  readonly #services: FlushServices
  readonly #setbacks: Setbacks
  readonly #sending: Sending
  #isRunning = false
  /** How often the alarm has rung during this run. */
  #rings = 0
  /** The writer of which the ledger is known to have a row. */
  #registered = ''

  constructor(services: FlushServices) {
    this.#services = services
    this.#setbacks = new Setbacks(services)
    this.#sending = new Sending(services, this.#setbacks)
  }

  /** The last failure; null once nothing is left that has failed. */
  get fault(): FlushFault | null {
    return this.#setbacks.fault
  }

  /** When the alarm should ring for cells that have just been opened, in epoch ms: never before a backoff is over. */
  dueMs(nowMs: number): number {
    const { intervalMs, name } = this.#services
    return Math.max(this.#setbacks.notBeforeMs(nowMs), nextFlushMs(nowMs, intervalMs, name.slot))
  }

  /** When the alarm should ring for open cells that have outgrown a flush, in epoch ms. */
  dueAtOnceMs(nowMs: number): number {
    return Math.max(this.#setbacks.notBeforeMs(nowMs), nowMs)
  }

  /** When the alarm should ring at the latest for what the shard holds, in epoch ms; null when it holds nothing. */
  latestMs(nowMs: number): number | null {
    const plan = planFlush(this.#state(nowMs), nowMs)
    if (plan.kind === 'idle') return null
    return plan.kind === 'wait' ? plan.untilMs : this.dueMs(nowMs)
  }

  /** Does what the alarm is for. Arms the next alarm before the first wait, so that waiting always ends. [F4] */
  async run(): Promise<void> {
    const { alarm, clock } = this.#services
    const nowMs = clock.now()
    if (this.#isRunning) return this.#ringAgain(nowMs)
    const plan = planFlush(this.#state(nowMs), nowMs)
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

  /**
   * Leaves the shard armed though a run is under way. The alarm's clock may be ahead of this one, so each ring arms twice as
   * far away as the one before: otherwise an alarm that is always due would ring without end while a statement is out.
   */
  #ringAgain(nowMs: number): void {
    this.#services.alarm.set(nowMs + STATEMENT_MS_MAX * 2 ** this.#rings)
    this.#rings += 1
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    this.#isRunning = true
    try {
      await work()
    } finally {
      this.#isRunning = false
      this.#services.sink.end()
      this.#armAfterRings()
    }
  }

  /** Brings an alarm nearer that was armed far away, because it rang during the run. */
  #armAfterRings(): void {
    if (this.#rings === 0) return
    this.#rings = 0
    const { alarm, clock } = this.#services
    const latestMs = this.latestMs(clock.now())
    if (latestMs !== null) alarm.set(latestMs)
  }

  #state(nowMs: number): ShardState {
    const { store, retireAtMs } = this.#services
    return {
      isStored: store.isStored,
      openCells: store.openCells,
      frozenBatches: store.frozen.length,
      parkedCells: store.parked.size,
      isRegistered: this.#registered === store.writer,
      notBeforeMs: this.#setbacks.notBeforeMs(nowMs),
      asideUntilMs: this.#sending.asideUntilMs(nowMs),
      retireAtMs,
    }
  }

  /**
   * Freezes what is open unless batches are frozen that have not failed, and sends the frozen batches in the order of their
   * seqs. What comes during a long search for bad cells is frozen too, once an interval is over.
   */
  async #flush(nowMs: number): Promise<void> {
    const { store, alarm, clock, log, intervalMs } = this.#services
    let frozenMs = nowMs
    const armNext = () => alarm.set(this.dueMs(nowMs))
    if (this.#mayFreeze) store.freeze(nowMs, armNext)
    else armNext()
    const applied: OfBatch[] = []
    for (let now = nowMs; now >= nowMs && now - nowMs <= FLUSH_RUN_MS_MAX; now = clock.now()) {
      if (now - frozenMs >= intervalMs && store.frozen.length > 0 && this.#mayFreeze) {
        store.freeze(now, () => alarm.set(this.dueMs(now)))
        frozenMs = now
      }
      if (!(await this.#sending.takeTurn(now, applied))) break
    }
    for (const line of tellApplied(applied)) log(line)
    this.#armForRest(nowMs)
  }

  /** Brings the alarm nearer when something is left that need not wait for an interval. */
  #armForRest(beganMs: number): void {
    const { store, alarm, clock } = this.#services
    if (store.frozen.length === 0) return
    const nowMs = clock.now()
    const restMs = Math.max(nowMs, this.#setbacks.notBeforeMs(nowMs), this.#sending.asideUntilMs(nowMs))
    if (restMs < this.dueMs(beganMs)) alarm.set(restMs)
  }

  get #mayFreeze(): boolean {
    const { store } = this.#services
    return store.openCells > 0 && store.frozen.every(({ trouble }) => trouble !== null)
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
      this.#setbacks.backOff(outcome, 'register failed')
      return
    }
    this.#registered = writer
    this.#setbacks.end(true)
  }

  /** Ends a shard of a closed hour that holds nothing. [Z1] */
  async #retire(nowMs: number): Promise<void> {
    const { store, sink, alarm, name, erase, log } = this.#services
    alarm.set(nowMs + RETIRE_AGAIN_MS)
    const outcome = await sink.seal(store.writer, formatShardName(name))
    if (outcome.kind !== 'sealed') {
      this.#setbacks.backOff(outcome, 'seal failed')
      return
    }
    // The look and the end are in one turn, so nothing can come in between. What came in during the wait finds its writer
    // sealed, and moves on to a new one.
    if (!store.isEmpty) return
    erase()
    log({ message: 'retired' })
  }
}
