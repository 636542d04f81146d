import { ALARM_OVERDUE_MS } from '../limits.ts'

/** The shard's one alarm. Times are epoch ms. It becomes durable together with the writes of the same turn. */
export interface Alarm {
  /** Sets the alarm, in place of the one that was set. */
  set(atMs: number): void
}

export type AlarmServices = {
  readonly now: () => number
  /** Writes the alarm to storage. Every call is billed as a row written, even for the same time. */
  readonly write: (atMs: number) => void
}

/**
 * The shard's alarm as this instance knows it: when it rings, and whether it was lost.
 *
 * A fired alarm is used up. If its successor was not written in time, no alarm would ever ring again, so whoever wakes or
 * opens the shard sets a lost alarm again. [F4]
 */
export class ShardAlarm implements Alarm {
  readonly #services: AlarmServices
  /** Null when no alarm is set. */
  #atMs: number | null = null

  constructor(services: AlarmServices) {
    this.#services = services
  }

  /** Whether no alarm is set, or the one that was set is so late that it will not ring any more. */
  get isLost(): boolean {
    return this.#atMs === null || this.#atMs < this.#services.now() - ALARM_OVERDUE_MS
  }

  /** Takes over what storage says, at an instance's first event; null when storage has no alarm. */
  load(atMs: number | null): void {
    this.#atMs = atMs
  }

  /** Forgets the alarm: it rings, or it was deleted with everything else. */
  forget(): void {
    this.#atMs = null
  }

  set(atMs: number): void {
    this.#atMs = atMs
    this.#services.write(atMs)
  }

  /** Sets the alarm unless it rings by then anyway, because each setting is billed. */
  setBy(atMs: number): void {
    if (this.isLost || (this.#atMs !== null && this.#atMs > atMs)) this.set(atMs)
  }
}
