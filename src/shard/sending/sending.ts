import { ONLY_SLICES_MAX } from '../../limits.ts'
import type { OfBatch } from '../../log.ts'
import { describeReason } from '../../log.ts'
import type { ApplyOutcome, Batch, Explained, Sink } from '../../model/flush/batch.ts'
import type { Attempt } from '../../model/flush/outcome.ts'
import { planAfter } from '../../model/flush/outcome.ts'
import type { Recut } from '../../model/flush/recut.ts'
import {
  blamesCells,
  courseAfter,
  hardened,
  NO_COURSE,
  troubleAfter,
  withinMs,
} from '../../model/flush/trouble.ts'
import { asideUntilMs, planTurn } from '../../model/flush/turn.ts'
import type { ShardName } from '../../model/shard-name.ts'
import { formatShardName } from '../../model/shard-name.ts'
import { isSliceOf, keyOf } from '../../model/slices/slice.ts'
import type { FrozenBatch } from '../memory.ts'
import type { ShardStore } from '../store.ts'
import type { Sent } from './flush-log.ts'
import { MOVED, ofBatch } from './flush-log.ts'
import type { SetbackServices, Setbacks } from './setbacks.ts'

export type SendingServices = SetbackServices & {
  readonly name: ShardName
  readonly store: ShardStore
  readonly sink: Sink
}

/**
 * Sends frozen batches to Postgres. Pure functions decide on each outcome, and this obeys. See
 * model/flush/outcome.ts.
 */
export class Sending {
  readonly #services: SendingServices
  readonly #setbacks: Setbacks
  #course = NO_COURSE

  constructor(services: SendingServices, setbacks: Setbacks) {
    this.#services = services
    this.#setbacks = setbacks
  }

  /** Until when all that is frozen is left alone, in epoch ms; 0 when something of it may be sent. */
  asideUntilMs(nowMs: number): number {
    return asideUntilMs(this.#services.store.frozen, this.#course, nowMs)
  }

  /**
   * Does the next thing with what is frozen. @returns whether to go on.
   *
   * @param applied gets the batch's figures and not its cells, because a backlog of cells would not fit in memory twice.
   */
  async takeTurn(nowMs: number, applied: OfBatch[]): Promise<boolean> {
    const { frozen } = this.#services.store
    const turn = planTurn(frozen, this.#course, nowMs)
    const [head] = frozen
    if (head === undefined || turn.kind === 'rest') return false
    if (turn.kind === 'move_on') return this.#moveOn(turn.recut, turn.why, { frozen: head, ms: 0 })
    return this.#send(head, applied)
  }

  async #send(frozen: FrozenBatch, applied: OfBatch[]): Promise<boolean> {
    const { name, store, sink, clock } = this.#services
    const beganMs = clock.now()
    const heard = await sink.apply(batchOf(name, store.writer, frozen), withinMs(frozen, this.#course))
    const sent = { frozen, ms: Math.max(0, clock.now() - beganMs) }
    if (heard.kind !== 'applied') store.tallyFailure(heard.kind, sent.ms)
    const outcome = hardened(heard, frozen.trouble, this.#setbacks.failures)
    const step = planAfter(outcome, this.#count(frozen, outcome), this.#course)
    switch (step.kind) {
      case 'settle':
        store.settle(frozen.seq, sent.ms)
        applied.push(ofBatch(sent))
        this.#gotThrough()
        return true
      case 'move_on':
        this.#setbacks.tell(step.why)
        return step.isOver
          ? this.#moveAndWait(step.recut, step.why, sent)
          : this.#moveOn(step.recut, step.why, sent)
      case 'set_aside':
        this.#setbacks.tell(step.why)
        return true
      case 'back_off':
        this.#setbacks.backOff(step.why, sent)
        return false
    }
  }

  /** Counts how a batch fared, with it and with the course of all. */
  #count(frozen: FrozenBatch, outcome: ApplyOutcome): Attempt {
    const { store } = this.#services
    const { seq, cells, trouble } = frozen
    this.#course = courseAfter(this.#course, outcome, trouble)
    const [isOnly, onlyKey] = [store.frozen.length === 1, onlyKeyOf(store.frozen)]
    const attempt = { seq, cells, isOnly, onlyKey, hadFailed: trouble !== null }
    if (!blamesCells(outcome)) return { ...attempt, trouble }
    const wait = this.#setbacks.waitAfter((trouble?.alone ?? 0) + 1)
    const after = troubleAfter(frozen, outcome, this.#course.throughs, wait)
    store.note(seq, after)
    return { ...attempt, trouble: after }
  }

  #gotThrough(): void {
    this.#setbacks.end(this.#services.store.frozen.every(({ trouble }) => trouble === null))
  }

  /** Seals the writer, so that no copy of what it sent can be applied any more, and moves what is frozen to a new one. */
  async #moveOn(recut: Recut, why: Explained, sent: Sent): Promise<boolean> {
    const { store, sink, clock, name, log } = this.#services
    const outcome = await sink.seal(store.writer, formatShardName(name))
    if (outcome.kind !== 'sealed') {
      this.#setbacks.backOff(outcome, 'seal failed')
      return false
    }
    if (recut.kind === 'park') {
      const key = keyOf(sent.frozen.cells.keyAt(0))
      this.#course = { ...this.#course, parked: new Set([...this.#course.parked, key]) }
    }
    const settled = store.moveOn(outcome.sealed, recut, why.reason, clock.now(), this.#course.throughs)
    log({
      message: MOVED[recut.kind],
      outcome: why.kind,
      reason: describeReason(why.reason),
      ...ofBatch(sent),
    })
    if (settled > 0) this.#course = courseAfter(this.#course, { kind: 'applied' }, null)
    if (settled > 0 || store.frozen.length === 0) this.#gotThrough()
    return true
  }

  async #moveAndWait(recut: Recut, why: Explained, sent: Sent): Promise<false> {
    if (!(await this.#moveOn(recut, why, sent))) return false
    if (recut.kind === 'keep') this.#setbacks.pause(why)
    else this.#setbacks.backOff(why, sent)
    return false
  }
}

/** The key that all cells of these batches have, as the key itself or as slices; null when they have several, or are many. */
function onlyKeyOf(batches: readonly FrozenBatch[]): string | null {
  const first = batches[0]?.cells.keyAt(0)
  const count = batches.reduce((sum, { cells }) => sum + cells.length, 0)
  if (first === undefined || count > ONLY_SLICES_MAX) return null
  const key = keyOf(first)
  return batches.every(({ cells }) => cells.keys.every((slice) => isSliceOf(slice, key))) ? key : null
}

function batchOf(name: ShardName, writer: string, { seq, id, cells, increments }: FrozenBatch): Batch {
  return { writer, seq, id, shard: formatShardName(name), hour: name.hour, cells, increments }
}
