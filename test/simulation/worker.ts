import './runtime.ts'
import { parentPort } from 'node:worker_threads'
import type { Scenario } from './world.ts'

/**
 * Runs scenarios for a pool, one at a time. Each message is a scenario, and its answer is the outcome, made small when
 * it failed.
 *
 * It is a thread of its own because there the platform's module can be replaced before src is loaded.
 */
const { run } = await import('./run.ts')
const { shrink } = await import('./shrink.ts')

parentPort?.on('message', (scenario: Scenario) => {
  void answer(scenario)
})

async function answer(scenario: Scenario): Promise<void> {
  const outcome = await run(scenario)
  parentPort?.postMessage(outcome.failure === null ? outcome : await shrink(outcome))
}
