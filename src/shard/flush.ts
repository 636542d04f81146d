import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, FLUSH_RUN_MS_MAX } from '../limits.ts'
import type { ApplyOutcome, Batch, Sink } from '../model/batch.ts'
import type { Clock } from '../model/clock.ts'
import type { ShardState } from '../model/flush-plan.ts'
import { nextFlushMs, planFlush } from '../model/flush-plan.ts'
import { backoffMs } from '../model/retry.ts'
import type { ShardName } from '../model/shard-name.ts'
import { formatShardName } from '../model/shard-name.ts'
import type { FrozenBatch } from './memory.ts'
import type { ShardStore } from './store.ts'

/** The shard's one alarm, by epoch ms. Durable with the writes of the same turn. */
export interface Alarm {
  set(atMs: number): void
}

export type FlushServices = {
  readonly name: ShardName
  readonly store: ShardStore
  readonly alarm: Alarm
  readonly sink: Sink
  readonly clock: Clock
  readonly intervalMs: number
  /** Epoch ms from which the shard, holding nothing, may retire. */
  readonly retireAtMs: number
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

  constructor(services: FlushServices) {
    this.#services = services
  }

  /** What went wrong last, until a batch gets through. */
  get fault(): FlushFault | null {
    return this.#fault
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
      case 'retire':
        // Retirement is not built yet: the shard keeps its few rows and looks again.
        return alarm.set(nowMs + RETIRE_AGAIN_MS)
      case 'flush':
        this.#isRunning = true
        try {
          return await this.#flush(nowMs)
        } finally {
          this.#isRunning = false
        }
    }
  }

  #state(): ShardState {
    const { store, retireAtMs } = this.#services
    return {
      isStored: store.isStored,
      openCells: store.openCells,
      frozenBatches: store.frozen.length,
      notBeforeMs: this.#notBeforeMs,
      retireAtMs,
    }
  }

  /** Freezes what is open unless something is frozen already, and sends what is frozen in the order of its seqs. */
  async #flush(nowMs: number): Promise<void> {
    const { store, alarm, clock } = this.#services
    const armNext = () => alarm.set(this.dueMs(nowMs))
    if (store.frozen.length === 0) store.freeze(nowMs, armNext)
    else armNext()
    for (const batch of store.frozen) {
      if (clock.now() - nowMs > FLUSH_RUN_MS_MAX) return
      if (!(await this.#send(batch))) return
    }
  }

  /** Sends one batch; settles it, or arms the alarm for the next try. Answers whether to go on. */
  async #send(frozen: FrozenBatch): Promise<boolean> {
    const { store, sink } = this.#services
    const outcome = await sink(this.#batchOf(frozen))
    if (outcome.kind !== 'applied') {
      this.#backOff(outcome)
      return false
    }
    store.settle(frozen.seq)
    this.#fault = null
    this.#notBeforeMs = 0
    return true
  }

  #backOff(outcome: Exclude<ApplyOutcome, { kind: 'applied' }>): void {
    const { alarm, clock } = this.#services
    const failures = (this.#fault?.failures ?? 0) + 1
    const reason =
      outcome.kind === 'behind' ? 'an earlier copy of the batch may be under way' : outcome.reason
    this.#fault = { kind: outcome.kind, reason, failures }
    const waitMs = backoffMs(failures, { minMs: BACKOFF_MS_MIN, maxMs: BACKOFF_MS_MAX }, clock.random())
    this.#notBeforeMs = clock.now() + waitMs
    alarm.set(this.#notBeforeMs)
  }

  #batchOf(frozen: FrozenBatch): Batch {
    const { name, store } = this.#services
    return {
      writer: store.writer,
      seq: frozen.seq,
      id: frozen.id,
      shard: formatShardName(name),
      hour: name.hour,
      cells: [...frozen.cells],
      increments: frozen.increments,
    }
  }
}

const RETIRE_AGAIN_MS = 3_600_000
