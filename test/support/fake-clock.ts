import type { Clock } from '../../src/clock.ts'

/** Time that passes only when told, and chance that is always in the middle. */
export class FakeClock implements Clock {
  #nowMs: number
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []
  #uuids = 0

  constructor(nowMs = 0) {
    this.#nowMs = nowMs
  }

  readonly now = () => this.#nowMs
  readonly random = () => 0.5
  readonly uuid = () => `uuid-${++this.#uuids}`
  readonly sleep = (ms: number) => new Promise<void>((resolve) => this.after(ms, resolve))

  readonly after = (ms: number, callback: () => void) => {
    const timer = { atMs: this.#nowMs + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Timers that have neither rung nor been cancelled. */
  get timers(): number {
    return this.#timers.length
  }

  /** Loses all timers, as when the platform ends the request that they belong to. @returns how many. */
  dropTimers(): number {
    return this.#timers.splice(0).length
  }

  /** Lets so much time pass, each timer at its own time, and everything that follows from it happen. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= untilMs)
      const next = due.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
      await settle()
    }
    this.#nowMs = untilMs
  }
}

/** All promises that can go on have gone on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
