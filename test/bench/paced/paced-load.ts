import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type Ending, HastyClient } from '../../support/hasty-client.ts'
import { Counted } from './counted.ts'
import { Phase, type PhaseReport } from './phase.ts'

/** A steady load of `POST /increment`: so many requests a second, whether or not the ones before were answered. */
export type Pace = {
  readonly connections: number
  readonly requestsPerSecond: number
  /** Increments in one request: 1 is sent as an object, more as an array. */
  readonly items: number
  /** Keys in all, used in turn; null gives each increment a key of its own. */
  readonly keys: number | null
  /** Length of a key, at least. */
  readonly keyBytes: number
  /** The time of all increments, so that a run over the turn of the hour keeps to one shard; null for none. Epoch ms. */
  readonly atMs: number | null
}

export type LoadReport = {
  readonly phases: readonly PhaseReport[]
  /** What was acknowledged, by the key's number; and what may have been counted without an acknowledgement. */
  readonly acknowledged: Counted
  readonly unknown: Counted
  /** The first few answers that were neither 202 nor a 503 that refuses. */
  readonly oddities: readonly string[]
}

/** So far, over all phases. */
export type Tally = { readonly acknowledged: number; readonly refusedRequests: number }

/** The load in a thread of its own, beside the caller's database. */
export interface PacedLoad {
  readonly tally: Tally
  /** Sends to these addresses in turn from now on, and reports what falls due under this name. */
  enter(phase: string, urls: readonly string[]): Promise<void>
  /** Sends no more; resolves when every request that was sent has its answer. */
  pause(): Promise<void>
  /** Pauses, reports, and ends the thread. */
  finish(): Promise<LoadReport>
  /** Ends the thread at once. Idempotent. */
  kill(): Promise<void>
}

export function keyOf(n: number, keyBytes: number): string {
  return `site/example.com/page-${n}`.padEnd(keyBytes, '-')
}

/** What increment number `n` is worth: it tells one from its neighbours. */
export function worthOf(n: number): number {
  return 1 + (n % 9)
}

type Order =
  | { readonly kind: 'enter'; readonly phase: string; readonly urls: readonly string[] }
  | { readonly kind: 'pause' }
  | { readonly kind: 'finish' }

type Message =
  | { readonly kind: 'tally'; readonly tally: Tally }
  | { readonly kind: 'done'; readonly report: LoadReport | null }

export function startPacedLoad(pace: Pace): PacedLoad {
  const thread = new Worker(new URL(import.meta.url), { workerData: pace })
  let tally: Tally = { acknowledged: 0, refusedRequests: 0 }
  let waiting: PromiseWithResolvers<LoadReport | null> | undefined
  thread.on('message', (message: Message) => {
    if (message.kind === 'tally') tally = message.tally
    else waiting?.resolve(message.report)
  })
  thread.on('error', (error) => waiting?.reject(error))
  const order = (what: Order) => {
    waiting = Promise.withResolvers()
    thread.postMessage(what)
    return waiting.promise
  }
  return {
    get tally() {
      return tally
    },
    async enter(phase, urls) {
      await order({ kind: 'enter', phase, urls })
    },
    async pause() {
      await order({ kind: 'pause' })
    },
    async finish() {
      const report = await order({ kind: 'finish' })
      await thread.terminate()
      if (report === null) throw new Error('the load ended without a report')
      return report
    },
    async kill() {
      await thread.terminate()
    },
  }
}

const TICK_MS = 1
const TALLY_MS = 200
const ODDITIES_KEPT = 5

/** A request that is due or under way: the first of its increments by number, and when it was due. */
type Sent = { readonly first: number; readonly dueMs: number; readonly phase: Phase }

class Run {
  readonly #pace: Pace
  readonly #at: { readonly at?: string }
  readonly #acknowledged: Counted
  readonly #unknown: Counted
  readonly #oddities: string[] = []
  readonly #phases: Phase[] = []
  #phase: Phase | undefined
  #clients: HastyClient[] = []
  #idle: HastyClient[] = []
  #ports: readonly number[] = []
  readonly #due: Sent[] = []
  #underWay = 0
  #next = 0
  /** When the pace began, and what has fallen due since. */
  #pacedFromMs = 0
  #paced = 0
  #onRest: (() => void) | undefined
  #refusedRequests = 0
  #acknowledgedSum = 0

  constructor(pace: Pace) {
    this.#pace = pace
    this.#at = pace.atMs === null ? {} : { at: new Date(pace.atMs).toISOString() }
    this.#acknowledged = new Counted()
    this.#unknown = new Counted()
    setInterval(() => this.#tick(), TICK_MS)
  }

  get tally(): Tally {
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

  report(): LoadReport {
    for (const client of this.#clients) client.close()
    return {
      phases: this.#phases.map((phase) => phase.report()),
      acknowledged: this.#acknowledged,
      unknown: this.#unknown,
      oddities: this.#oddities,
    }
  }

  /** Only after a pause: no connection is in use. */
  #connect(ports: readonly number[]): void {
    for (const client of this.#clients) client.close()
    this.#ports = ports
    const portOf = (i: number) => ports[i % ports.length] ?? 0
    this.#clients = Array.from({ length: this.#pace.connections }, (_, i) => new HastyClient(portOf(i)))
    this.#idle = [...this.#clients]
  }

  /** What has fallen due since the last tick goes out by the connections that are idle; the rest waits for one. */
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
    phase.answered(status, dueMs, performance.now())
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

/** Which of a request's increments were certainly not counted, and which may have been. The others were. */
function outcomeOf(ending: Ending, items: number): { refused: Set<number>; unknown: Set<number> } {
  const all = new Set(Array.from({ length: items }, (_, i) => i))
  if (ending.kind !== 'answered') return { refused: new Set(), unknown: all }
  if (ending.status === 202) return { refused: new Set(), unknown: new Set() }
  if (ending.status !== 503) return { refused: new Set(), unknown: all }
  const { refused = [], unknown = [] }: { refused?: number[]; unknown?: number[] } = JSON.parse(ending.body)
  return { refused: new Set(refused), unknown: new Set(unknown) }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const run = new Run(workerData)
  const say = (message: Message) => port.postMessage(message)
  setInterval(() => say({ kind: 'tally', tally: run.tally }), TALLY_MS)
  port.on('message', async (order: Order) => {
    if (order.kind === 'enter') run.enter(order.phase, order.urls)
    else await run.pause()
    say({ kind: 'tally', tally: run.tally })
    say({ kind: 'done', report: order.kind === 'finish' ? run.report() : null })
  })
}
