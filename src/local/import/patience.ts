import type { Clock } from '../../clock.ts'
import { backoffMs } from '../../model/retry.ts'

export type Timing = Pick<Clock, 'now' | 'random' | 'after'>

const BACKOFF = { minMs: 200, maxMs: 5_000 }

/** Waits between tries, with backoff and jitter, for a bounded time without progress. */
export class Patience {
  #sinceMs: number | null = null
  #failures = 0
  readonly #clock: Timing
  readonly #hurry: AbortSignal

  /** @param hurry when it fires, waiting is over */
  constructor(clock: Timing, hurry: AbortSignal) {
    this.#clock = clock
    this.#hurry = hurry
  }

  /** There was progress: the time starts anew. */
  renew(): void {
    this.#sinceMs = null
    this.#failures = 0
  }

  /**
   * Waits before another try; false when there shall be none.
   * @param atMostMs since the last progress
   * @param askedMs what the server asked for, which is not undercut; null when it did not
   */
  async wait(atMostMs: number, askedMs: number | null): Promise<boolean> {
    const nowMs = this.#clock.now()
    this.#sinceMs ??= nowMs
    this.#failures += 1
    const waitMs = Math.max(askedMs ?? 0, backoffMs(this.#failures, BACKOFF, this.#clock.random()))
    if (this.#hurry.aborted || nowMs + waitMs > this.#sinceMs + atMostMs) return false
    await this.#sleep(waitMs)
    return !this.#hurry.aborted
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel()
        this.#hurry.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = this.#clock.after(ms, wake)
      this.#hurry.addEventListener('abort', wake)
    })
  }
}
