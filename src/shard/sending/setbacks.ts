import type { Clock } from '../../clock.ts'
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from '../../limits.ts'
import type { FlushLine } from '../../log.ts'
import { describeReason } from '../../log.ts'
import type { Failed } from '../../model/flush/batch.ts'
import type { FlushFault } from '../../model/flush/outcome.ts'
import { faultAfter } from '../../model/flush/outcome.ts'
import type { RetryWait } from '../../model/retry.ts'
import { backoffMs, NO_WAIT, waitsUntilMs } from '../../model/retry.ts'
import type { Alarm } from '../alarm.ts'
import type { Sent } from './flush-log.ts'
import { ofBatch } from './flush-log.ts'

export type SetbackServices = {
  readonly alarm: Alarm
  readonly clock: Clock
  readonly log: (line: FlushLine) => void
}

/** Remembers why flushes have failed, and how long Postgres is left alone after that. */
export class Setbacks {
  readonly #services: SetbackServices
  #fault: FlushFault | null = null
  /** In a row, each with a wait. */
  #failures = 0
  #wait = NO_WAIT

  constructor(services: SetbackServices) {
    this.#services = services
  }

  /** The last failure; null once nothing is left that has failed. */
  get fault(): FlushFault | null {
    return this.#fault
  }

  /** Failures in a row with a wait after each. */
  get failures(): number {
    return this.#failures
  }

  /** Before when Postgres is left alone, in epoch ms; 0 when it is not. */
  notBeforeMs(nowMs: number): number {
    return waitsUntilMs(this.#wait, nowMs)
  }

  /** Remembers a failure after which the shard may go on at once. */
  tell(failed: Failed): void {
    this.#fault = faultAfter(failed, Math.max(1, this.#failures))
  }

  /** Arms the alarm for the next try, and logs why. @param what the batch that failed, or the other step that did. */
  backOff(failed: Failed, what: Sent | 'seal failed' | 'register failed'): void {
    const { reason, failures, retryMs } = this.pause(failed)
    const told = { outcome: failed.kind, reason: describeReason(reason), failures, retryMs }
    this.#services.log(
      typeof what === 'string'
        ? { message: what, ...told }
        : { message: 'flush failed', ...told, ...ofBatch(what) },
    )
  }

  /** Arms the alarm for the next try, later after each failure in a row. */
  pause(failed: Failed): FlushFault & { readonly retryMs: number } {
    this.#failures += 1
    this.#fault = faultAfter(failed, this.#failures)
    this.#wait = this.waitAfter(this.#failures)
    this.#services.alarm.set(this.#wait.untilMs)
    return { ...this.#fault, retryMs: this.#wait.untilMs - this.#wait.fromMs }
  }

  /** The wait after so many failures in a row. */
  waitAfter(failures: number): RetryWait {
    const { clock } = this.#services
    const fromMs = clock.now()
    const bounds = { minMs: BACKOFF_MS_MIN, maxMs: BACKOFF_MS_MAX }
    return { fromMs, untilMs: fromMs + backoffMs(failures, bounds, clock.random()) }
  }

  /** Something got through, so nothing waits any more. @param isAll whether nothing is left that has failed. */
  end(isAll: boolean): void {
    this.#failures = 0
    this.#wait = NO_WAIT
    if (isAll) this.#fault = null
  }
}
