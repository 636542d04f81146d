import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { seeded } from './chance.ts'
import { type Ending, type HangUp, HastyClient } from './hasty-client.ts'

/** A load of `POST /increment`, one increment a request. */
export type Load = {
  /** The connections take turns among them. */
  readonly ports: readonly number[]
  readonly connections: number
  /** Requests in all. */
  readonly requests: number
  /** The share of requests whose client hangs up before it is answered. */
  readonly hangUps: number
  /** Which of them hang up, and when. */
  readonly seed: number
  /** The beginning of all keys. */
  readonly prefix: string
}

/** The outcome of a request, by its number. */
export const OUTCOME = { acknowledged: 1, hungUp: 2, failed: 3, hung: 4 } as const

export type LoadReport = {
  /** By number of request, one of OUTCOME; 0 for one that was not sent, because too many had failed. */
  readonly outcomes: Uint8Array
  /** The first few answers that were not the 202 expected, and connections that broke. */
  readonly failures: readonly string[]
  readonly seconds: number
  /** Milliseconds waited by those that did not hang up. */
  readonly waitMs: { readonly median: number; readonly p99: number; readonly longest: number }
}

/** A request still unanswered after this has hung: the Worker itself gives up after 10 s. */
const HUNG_MS = 20_000

const FAILURES_KEPT = 5

/** After so many failures no more is sent: each may have waited for seconds, and the run has failed anyway. */
const FAILURES_MAX = 50

/**
 * How far the newest request may be ahead of the oldest unanswered one, in requests for each connection. Without it
 * a saturated workerd (1.20261102) serves some connections over and over and lets others wait for seconds, even
 * where the Worker does nothing but validate (512 connections: median 13 ms, p99 1.3 s, longest 4.4 s): the longest
 * wait would then measure the runtime and not the coalescer.
 */
const AHEAD_MAX = 4

const HOT_KEYS = 8

/** The increment of request `n`. Every fourth is for one of a few hot keys, the others have a key of their own. */
export function incrementOf(prefix: string, n: number): { key: string; value: number; isHot: boolean } {
  const isHot = n % 4 === 0
  const key = isHot ? `${prefix}/hot/${(n / 4) % HOT_KEYS}` : `${prefix}/own/${n}`
  return { key, value: 1 + (n % 9), isHot }
}

/** Runs a load in a thread of its own, beside the caller's database. */
export function applyLoad(load: Load): Promise<LoadReport> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadReport>()
  const thread = new Worker(new URL(import.meta.url), { workerData: load })
  thread.once('message', resolve)
  thread.once('error', reject)
  return promise
}

const ACCEPTED = '{"accepted":1,"duplicates":0,"conflicts":[]}'

class Run {
  readonly #load: Load
  readonly #random: () => number
  readonly #outcomes: Uint8Array
  readonly #failures: string[] = []
  readonly #waitsMs: number[] = []
  readonly #startedMs = performance.now()
  readonly #done = Promise.withResolvers<void>()
  #next = 0
  /** The number of requests that will be sent. */
  #limit: number
  #failed = 0
  /** The oldest request without an outcome. */
  #oldest = 0
  /** Clients that are too far ahead. */
  #held: HastyClient[] = []
  /** How long an answer takes at present: a moving mean. */
  #usualMs = 10

  constructor(load: Load) {
    this.#load = load
    this.#random = seeded(load.seed)
    this.#outcomes = new Uint8Array(load.requests)
    this.#limit = load.requests
  }

  async report(): Promise<LoadReport> {
    const { ports, connections } = this.#load
    const clients = Array.from(
      { length: connections },
      (_, i) => new HastyClient(ports[i % ports.length] ?? 0),
    )
    for (const client of clients) this.#go(client)
    await this.#done.promise
    for (const client of clients) client.close()
    const waits = this.#waitsMs.sort((a, b) => a - b)
    const at = (share: number) => Math.round(waits[Math.floor((waits.length - 1) * share)] ?? 0)
    return {
      outcomes: this.#outcomes,
      failures: this.#failures,
      seconds: (performance.now() - this.#startedMs) / 1000,
      waitMs: { median: at(0.5), p99: at(0.99), longest: at(1) },
    }
  }

  /** Sends the next request, if there is one, over and over. */
  #go(client: HastyClient): void {
    if (this.#next >= this.#limit) return
    if (this.#next - this.#oldest > AHEAD_MAX * this.#load.connections) {
      this.#held.push(client)
      return
    }
    const n = this.#next++
    const { key, value } = incrementOf(this.#load.prefix, n)
    const sentMs = performance.now()
    let isOver = false
    const over = (outcome: number) => {
      if (isOver) return
      isOver = true
      clearTimeout(hung)
      this.#outcomes[n] = outcome
      if (outcome === OUTCOME.failed || outcome === OUTCOME.hung) this.#fail()
      this.#advance()
    }
    const hung = setTimeout(() => over(OUTCOME.hung), HUNG_MS)
    client.post(JSON.stringify({ key, value }), this.#drawHangUp(), (ending) => {
      over(this.#judge(ending, performance.now() - sentMs))
      this.#go(client)
    })
  }

  #fail(): void {
    this.#failed++
    if (this.#failed === FAILURES_MAX) this.#limit = this.#next
  }

  #advance(): void {
    const before = this.#oldest
    while (this.#oldest < this.#limit && this.#outcomes[this.#oldest] !== 0) this.#oldest++
    if (this.#oldest === this.#limit) this.#done.resolve()
    if (this.#oldest === before) return
    for (const client of this.#held.splice(0)) this.#go(client)
  }

  /** At any time of the wait: while the request travels, gathers, leads, is in the air. */
  #drawHangUp(): HangUp | undefined {
    if (this.#random() >= this.#load.hangUps) return undefined
    return { afterMs: this.#random() * this.#usualMs, isReset: this.#random() < 0.5 }
  }

  #judge(ending: Ending, waitedMs: number): number {
    if (ending.kind === 'hung_up') return OUTCOME.hungUp
    this.#waitsMs.push(waitedMs)
    this.#usualMs += (waitedMs - this.#usualMs) / 100
    if (ending.kind === 'answered' && ending.status === 202 && ending.body === ACCEPTED) {
      return OUTCOME.acknowledged
    }
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push(JSON.stringify(ending))
    return OUTCOME.failed
  }
}

if (!isMainThread && parentPort !== null) {
  const report = await new Run(workerData).report()
  parentPort.postMessage(report)
}
