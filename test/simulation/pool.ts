import { Worker } from 'node:worker_threads'
import type { Outcome } from './run.ts'
import type { Scenario } from './world.ts'

/** Threads that run scenarios. */
export class Pool {
  readonly #workers: Worker[]

  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => new Worker(new URL('./worker.ts', import.meta.url)))
  }

  /**
   * Runs all scenarios, and calls `ended` with each outcome as it comes.
   *
   * @returns the outcomes in the order of the scenarios; with `stopsAtFailure` those after a failure may be missing.
   */
  async run(
    scenarios: readonly Scenario[],
    ended: (outcome: Outcome) => void = () => {},
    stopsAtFailure = false,
  ): Promise<Outcome[]> {
    const waiting = scenarios.entries()
    const outcomes: Outcome[] = []
    let isOver = false
    const work = async (worker: Worker) => {
      for (const [i, scenario] of waiting) {
        const outcome = await ask(worker, scenario)
        outcomes[i] = outcome
        ended(outcome)
        isOver ||= stopsAtFailure && outcome.failure !== null
        if (isOver) return
      }
    }
    // Each worker takes the next scenario from one iterator, which a `return` inside its loop would close for the
    // others.
    await Promise.all(this.#workers.map(work))
    return outcomes.filter((outcome) => outcome !== undefined)
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

function ask(worker: Worker, scenario: Scenario): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const failed = (error: Error) => reject(error)
  worker.once('message', (outcome: Outcome) => {
    worker.off('error', failed)
    resolve(outcome)
  })
  worker.once('error', failed)
  worker.postMessage(scenario)
  return promise
}
