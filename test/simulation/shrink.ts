import type { Outcome } from './run.ts'
import { run } from './run.ts'
import type { Scenario } from './world.ts'

/** Runs that are spent on making one failure small. */
const TRIES_MAX = 80

/**
 * The smallest scenario found that still fails: fewer steps, and kinds of fault left out. Each change makes another
 * history, so the failure that is left may be another; it is one of the same program all the same.
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

/** Takes steps away, by halves and then by ever fewer. */
async function shorten(now: () => Scenario, fails: (scenario: Scenario) => Promise<boolean>): Promise<void> {
  for (let less = Math.floor(now().steps / 2); less >= 1; less = Math.floor(less / 2)) {
    while (now().steps > less && (await fails({ ...now(), steps: now().steps - less })));
  }
}
