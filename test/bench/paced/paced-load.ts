import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type LoadTally, type Pace, type PacedReport, Pacer } from './pacer.ts'

/** A load that runs in a thread of its own, because the caller's thread serves the database. */
export interface PacedLoad {
  readonly tally: LoadTally
  /** Sends to these addresses in turn from now on, and reports the requests that fall due under this name. */
  enter(phase: string, urls: readonly string[]): Promise<void>
  /** Sends no more; resolves when every request that was sent has its answer. */
  pause(): Promise<void>
  /** Pauses, reports, and ends the thread. */
  finish(): Promise<PacedReport>
  /** Ends the thread at once. It may be called again. */
  kill(): Promise<void>
}

type Order =
  | { readonly kind: 'enter'; readonly phase: string; readonly urls: readonly string[] }
  | { readonly kind: 'pause' }
  | { readonly kind: 'finish' }

type Message =
  | { readonly kind: 'tally'; readonly tally: LoadTally }
  | { readonly kind: 'done'; readonly report: PacedReport | null }

export function startPacedLoad(pace: Pace): PacedLoad {
  const thread = new Worker(new URL(import.meta.url), { workerData: pace })
  let tally: LoadTally = { acknowledged: 0, refusedRequests: 0 }
  let waiting: PromiseWithResolvers<PacedReport | null> | undefined
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

/** How often the thread tells its tally. */
const TALLY_MS = 200

if (!isMainThread && parentPort !== null) {
  const port = parentPort
  const pacer = new Pacer(workerData)
  const say = (message: Message) => port.postMessage(message)
  setInterval(() => say({ kind: 'tally', tally: pacer.tally }), TALLY_MS)
  port.on('message', async (order: Order) => {
    if (order.kind === 'enter') pacer.enter(order.phase, order.urls)
    else await pacer.pause()
    say({ kind: 'tally', tally: pacer.tally })
    say({ kind: 'done', report: order.kind === 'finish' ? pacer.report() : null })
  })
}
