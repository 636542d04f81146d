import { settle } from '../support/fake-clock.ts'

/** The program under test broke a promise, or did what no program may. */
export class Violation extends Error {
  override name = 'Violation'
}

type Happening = { readonly atMs: number; readonly what: string; readonly run: () => void }

/** How many of the last things a failure shows. */
const HISTORY_MAX = 80

/**
 * The world's time, in which one thing happens after another. Everything that follows from one thing at once is over
 * before the next.
 */
export class Scheduler {
  #nowMs: number
  #steps = 0
  readonly #queue: Happening[] = []
  readonly #history: string[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get steps(): number {
    return this.#steps
  }

  /** The last things that happened, each with its time. */
  get history(): readonly string[] {
    return this.#history
  }

  note(what: string): void {
    this.#history.push(`${new Date(this.#nowMs).toISOString().slice(8, 23)} ${what}`)
    if (this.#history.length > HISTORY_MAX) this.#history.shift()
  }

  /** Plans something. @returns a function that cancels it. */
  after(ms: number, what: string, run: () => void): () => void {
    const happening = { atMs: this.#nowMs + Math.max(0, ms), what, run }
    this.#queue.splice(this.#placeOf(happening.atMs), 0, happening)
    return () => {
      const place = this.#queue.indexOf(happening)
      if (place >= 0) this.#queue.splice(place, 1)
    }
  }

  /** The place behind all that happens at the same time. */
  #placeOf(atMs: number): number {
    let [low, high] = [0, this.#queue.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#queue[middle]?.atMs ?? 0) <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** When the next thing happens; null when nothing ever will. */
  get nextMs(): number | null {
    return this.#queue[0]?.atMs ?? null
  }

  /** Lets the next thing happen. */
  async step(): Promise<void> {
    const next = this.#queue.shift()
    if (next === undefined) return
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    this.#steps += 1
    if (next.what !== '') this.note(next.what)
    next.run()
    await settle()
  }
}
