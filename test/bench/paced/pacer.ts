import { type Ending, HastyClient } from '../../support/hasty-client.ts'
import { CountedKeys, Phase, type PhaseReport } from './phase.ts'

/** A steady load of `POST /increment`: so many requests a second, whether or not the ones before were answered. */
export type Pace = {
  readonly connections: number
  readonly requestsPerSecond: number
  /** Increments in one request: 1 is sent as an object, more as an array. */
  readonly items: number
  /** Distinct keys, used in turn; null gives each increment a key of its own. */
  readonly keys: number | null
  /** Length of a key, at least. */
  readonly keyBytes: number
  /** Epoch ms: the `at` of all increments, so that a run over the turn of the hour keeps to one hour. Null for none. */
  readonly atMs: number | null
}

export type PacedReport = {
  readonly phases: readonly PhaseReport[]
  /** Acknowledged increments, by the key's number. */
  readonly acknowledged: CountedKeys
  /** Increments that may have been counted without an acknowledgement. */
  readonly unknown: CountedKeys
  /** The first few answers that were neither 202 nor a 503 that refuses. */
  readonly oddities: readonly string[]
}

/** Increments and requests so far, over all phases. */
export type LoadTally = { readonly acknowledged: number; readonly refusedRequests: number }

export function keyOf(n: number, keyBytes: number): string {
  return `site/example.com/page-${n}`.padEnd(keyBytes, '-')
}

/** The value of increment number `n`, which differs from its neighbours'. */
export function worthOf(n: number): number {
  return 1 + (n % 9)
}

const TICK_MS = 1
const ODDITIES_KEPT = 5

/** A request that is due or under way, with the number of its first increment. */
type Sent = { readonly first: number; readonly dueMs: number; readonly phase: Phase }

/** Sends requests when they fall due, and keeps count of what became of their increments. */
export class Pacer {
  readonly #pace: Pace
  readonly #at: { readonly at?: string }
  readonly #acknowledged = new CountedKeys()
  readonly #unknown = new CountedKeys()
  readonly #oddities: string[] = []
  readonly #phases: Phase[] = []
  #phase: Phase | undefined
  #clients: HastyClient[] = []
  #idle: HastyClient[] = []
  #ports: readonly number[] = []
  readonly #due: Sent[] = []
  #underWay = 0
  #next = 0
  /** When the pace began, and how many requests have fallen due since. */
  #pacedFromMs = 0
  #paced = 0
  #onRest: (() => void) | undefined
  #refusedRequests = 0
  #acknowledgedSum = 0

  constructor(pace: Pace) {
    this.#pace = pace
    this.#at = pace.atMs === null ? {} : { at: new Date(pace.atMs).toISOString() }
    setInterval(() => this.#tick(), TICK_MS)
  }

  get tally(): LoadTally {
    return { acknowledged: this.#acknowledgedSum, refusedRequests: this.#refusedRequests }
  }

  enter(name: string, urls: readonly string[]): void {
    const nowMs = performance.now()
    if (this.#phase === undefined) {
      this.#pacedFromMs = nowMs
      this.#paced = 0
    } else this.#phase.endedMs = nowMs
    const ports = urls.map((url) => Number(new URL(url).port))
    if (ports.join() !== this.#ports.join()) this.#connect(ports)
    this.#phase = new Phase(name)
    this.#phases.push(this.#phase)
  }

  async pause(): Promise<void> {
    if (this.#phase !== undefined) this.#phase.endedMs = performance.now()
    this.#phase = undefined
    if (this.#underWay + this.#due.length === 0) return
    await new Promise<void>((resolve) => {
      this.#onRest = resolve
    })
  }

  report(): PacedReport {
    for (const client of this.#clients) client.close()
    return {
      phases: this.#phases.map((phase) => phase.report()),
      acknowledged: this.#acknowledged,
      unknown: this.#unknown,
      oddities: this.#oddities,
    }
  }

  /** Only after a pause, when no connection is in use. */
  #connect(ports: readonly number[]): void {
    for (const client of this.#clients) client.close()
    this.#ports = ports
    const each = Math.ceil(this.#pace.connections / ports.length)
    const dealt = Array.from({ length: each }, () => ports).flat()
    this.#clients = dealt.slice(0, this.#pace.connections).map((port) => new HastyClient(port))
    this.#idle = [...this.#clients]
  }

  /** Requests that have fallen due since the last tick go out by idle connections; the others wait for one. */
  #tick(): void {
    const phase = this.#phase
    if (phase !== undefined) {
      const gapMs = 1000 / this.#pace.requestsPerSecond
      const nowMs = performance.now()
      for (; this.#pacedFromMs + this.#paced * gapMs <= nowMs; this.#paced++) {
        this.#due.push({ first: this.#next, dueMs: this.#pacedFromMs + this.#paced * gapMs, phase })
        this.#next += this.#pace.items
        phase.requests++
      }
    }
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#due.length > 0) {
      const client = this.#idle.shift()
      if (client === undefined) return
      const sent = this.#due.shift()
      if (sent !== undefined) this.#send(client, sent)
    }
  }

  #send(client: HastyClient, sent: Sent): void {
    this.#underWay++
    client.post(this.#bodyOf(sent), undefined, (ending) => {
      this.#underWay--
      this.#judge(sent, ending)
      this.#idle.push(client)
      this.#dispatch()
      if (this.#phase === undefined && this.#underWay + this.#due.length === 0) this.#onRest?.()
    })
  }

  #bodyOf({ first }: Sent): string {
    const { items, keyBytes } = this.#pace
    const increments = Array.from({ length: items }, (_, i) => {
      const n = first + i
      return { key: keyOf(this.#keyNumber(n), keyBytes), value: worthOf(n), ...this.#at }
    })
    return JSON.stringify(items === 1 ? increments[0] : increments)
  }

  #keyNumber(n: number): number {
    return this.#pace.keys === null ? n : n % this.#pace.keys
  }

  #judge({ first, dueMs, phase }: Sent, ending: Ending): void {
    const status = ending.kind === 'answered' ? ending.status : 0
    phase.answered(status, performance.now() - dueMs)
    const { refused, unknown } = outcomeOf(ending, this.#pace.items)
    if (status === 503) this.#refusedRequests++
    if ((status !== 202 && status !== 503) || unknown.size > 0) this.#notice(ending)
    for (let i = 0; i < this.#pace.items; i++) {
      if (refused.has(i)) continue
      const counted = unknown.has(i) ? this.#unknown : this.#acknowledged
      counted.add(this.#keyNumber(first + i), worthOf(first + i))
      if (unknown.has(i)) continue
      phase.acknowledged++
      this.#acknowledgedSum++
    }
  }

  #notice(ending: Ending): void {
    if (this.#oddities.length < ODDITIES_KEPT) this.#oddities.push(JSON.stringify(ending))
  }
}

/** The increments of a request that were certainly not counted, and those that may have been. The others were. */
function outcomeOf(ending: Ending, items: number): { refused: Set<number>; unknown: Set<number> } {
  const all = new Set(Array.from({ length: items }, (_, i) => i))
  if (ending.kind !== 'answered') return { refused: new Set(), unknown: all }
  if (ending.status === 202) return { refused: new Set(), unknown: new Set() }
  if (ending.status !== 503) return { refused: new Set(), unknown: all }
  const { refused = [], unknown = [] }: { refused?: number[]; unknown?: number[] } = JSON.parse(ending.body)
  return { refused: new Set(refused), unknown: new Set(unknown) }
}
