/** What became of the requests that were due in one phase. */
export type PhaseReport = {
  readonly phase: string
  readonly seconds: number
  readonly requests: number
  /** Requests by status; 0 for a connection that broke. */
  readonly statuses: Readonly<Record<string, number>>
  /** Increments acknowledged. */
  readonly acknowledged: number
  /** Milliseconds from when a request was due to its whole answer: a stall meets all that fall due meanwhile. */
  readonly waitMs: Waits
  /** The same of each second, in order. */
  readonly bySecond: readonly Waits[]
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
  readonly #waitsBySecond: number[][] = []

  constructor(name: string) {
    this.name = name
  }

  answered(status: number, dueMs: number, nowMs: number): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1
    const second = Math.floor((dueMs - this.startedMs) / 1000)
    this.#waitsBySecond[second] ??= []
    this.#waitsBySecond[second].push(nowMs - dueMs)
  }

  report(): PhaseReport {
    const bySecond = Array.from(this.#waitsBySecond, (waits) => waits ?? [])
    return {
      phase: this.name,
      seconds: round((this.endedMs - this.startedMs) / 1000),
      requests: this.requests,
      statuses: this.statuses,
      acknowledged: this.acknowledged,
      waitMs: waitsOf(bySecond.flat()),
      bySecond: bySecond.map(waitsOf),
    }
  }
}

function waitsOf(waitsMs: readonly number[]): Waits {
  const sorted = Float64Array.from(waitsMs).sort()
  const at = (share: number) => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return { median: at(0.5), p99: at(0.99), longest: at(1) }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
