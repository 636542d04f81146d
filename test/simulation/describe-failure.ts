import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from './run.ts'
import type { KeptSeed } from './seeds.ts'
import type { Scenario } from './world.ts'

/** Failed scenarios are kept in this file, which git ignores, until they become tests in seeds.ts. */
const FAILED_FILE = join(import.meta.dirname, 'failed.log')

/** Describes a failure: the rule that was broken, how to repeat it, and what happened last. */
export function describeFailure({ scenario, kinds, failure, steps }: Outcome): string {
  const left = kinds.length === 0 ? 'no faults' : `faults: ${kinds.join(', ')}`
  return [
    `seed ${scenario.seed}: ${failure?.message}`,
    `repeat: ${commandOf(scenario)}`,
    `${scenario.steps} deeds, ${steps} steps, ${left}`,
    ...(failure?.history ?? []),
  ].join('\n')
}

function commandOf({ seed, steps, without }: Scenario): string {
  const left = without.length === 0 ? '' : ` --without ${without.join(',')}`
  return `npm run simulate -- --from ${seed} --seeds 1 --steps ${steps}${left}`
}

/** Writes a failed scenario down, as a line that can be moved to seeds.ts. */
export function keepFailure({ scenario, failure }: Outcome): void {
  const { seed, steps, without } = scenario
  const kept: KeptSeed = { seed, steps, without, found: failure?.message ?? '' }
  appendFileSync(FAILED_FILE, `${JSON.stringify(kept)}\n`)
}
