type Event = { readonly atMs: number; readonly run: () => void }

/** Simulated time, in which one thing happens after another. */
export class Events {
  #nowMs = 0
  readonly #queue: Event[] = []

  get nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): void {
    const atMs = this.#nowMs + ms
    const place = this.#queue.findLastIndex((other) => other.atMs <= atMs) + 1
    this.#queue.splice(place, 0, { atMs, run })
  }

  /** Runs everything in the order of its time, until nothing is left. */
  run(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#nowMs = next.atMs
      next.run()
    }
  }
}
