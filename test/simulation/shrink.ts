import type { Outcome } from './run.ts'
import { run } from './run.ts'
import type { Scenario } from './world.ts'

/** How many runs are spent on making one failure small. */
const TRIES_MAX = 80

/**
 * Finds the smallest scenario that still fails, with fewer steps and fewer kinds of fault. Each change makes another
 * history, so the failure that is left may be another one of the same program.
 */
export async function shrink(failed: Outcome): Promise<Outcome> {
  let smallest = failed
  let tries = 0
  const fails = async (scenario: Scenario): Promise<boolean> => {
    tries += 1
    const outcome = await run(scenario)
    if (outcome.failure === null) return false
    smallest = outcome
    return true
  }
  await shorten(() => smallest.scenario, fails)
  for (const kind of failed.kinds) {
    if (tries >= TRIES_MAX) break
    const { scenario } = smallest
    await fails({ ...scenario, without: [...scenario.without, kind] })
  }
  await shorten(() => smallest.scenario, fails)
  return smallest
}

/** Takes steps away, first half of them and then ever fewer. */
async function shorten(now: () => Scenario, fails: (scenario: Scenario) => Promise<boolean>): Promise<void> {
  for (let less = Math.floor(now().steps / 2); less >= 1; less = Math.floor(less / 2)) {
    while (now().steps > less && (await fails({ ...now(), steps: now().steps - less })));
  }
}
