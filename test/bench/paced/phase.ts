/** The requests that were due in one phase of a load, and their answers. */
export type PhaseReport = {
  readonly phase: string
  readonly seconds: number
  readonly requests: number
  /** Requests by status; 0 for a connection that broke. */
  readonly statuses: Readonly<Record<string, number>>
  /** Increments. */
  readonly acknowledged: number
  /** From when a request was due to its whole answer, so that a stall meets everything that falls due meanwhile. */
  readonly waitMs: Waits
}

export type Waits = { readonly median: number; readonly p99: number; readonly longest: number }

/** Gathers what becomes of the requests of one phase. */
export class Phase {
  readonly name: string
  readonly startedMs = performance.now()
  endedMs = 0
  requests = 0
  acknowledged = 0
  readonly statuses: Record<string, number> = {}
  readonly #waitsMs: number[] = []

  constructor(name: string) {
    this.name = name
  }

  answered(status: number, waitMs: number): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1
    this.#waitsMs.push(waitMs)
  }

  report(): PhaseReport {
    const { name: phase, requests, statuses, acknowledged } = this
    const seconds = round((this.endedMs - this.startedMs) / 1000)
    return { phase, seconds, requests, statuses, acknowledged, waitMs: waitsOf(this.#waitsMs) }
  }
}

function waitsOf(waitsMs: readonly number[]): Waits {
  const sorted = Float64Array.from(waitsMs).sort()
  const at = (share: number) => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return { median: at(0.5), p99: at(0.99), longest: at(1) }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/**
 * Sums and counts by the number of a key. Columns in place of objects, because hundreds of thousands of objects would
 * have the garbage collector interrupt the measuring. Posted to another thread it arrives as a plain object.
 */
export class CountedKeys {
  sums = new Float64Array(1024)
  counts = new Uint32Array(1024)

  /** All sums stay far below 2^53, so that a double is exact. */
  add(key: number, value: number): void {
    if (key >= this.sums.length) this.#grow(key)
    this.sums[key] = (this.sums[key] ?? 0) + value
    this.counts[key] = (this.counts[key] ?? 0) + 1
  }

  #grow(key: number): void {
    const length = Math.max(key + 1, this.sums.length * 2)
    const { sums, counts } = this
    this.sums = new Float64Array(length)
    this.sums.set(sums)
    this.counts = new Uint32Array(length)
    this.counts.set(counts)
  }
}
