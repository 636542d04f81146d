import type { Outcome } from './run.ts'

/** What to print of a failure: how to have it again, and what happened last. */
export function describeFailure({ scenario, kinds, failure, steps }: Outcome): string {
  const { seed, steps: deeds, without } = scenario
  const left = kinds.length === 0 ? 'no faults' : `faults: ${kinds.join(', ')}`
  return [
    `seed ${seed}: ${failure?.message}`,
    `shortest: ${JSON.stringify({ seed, steps: deeds, without })}`,
    `${deeds} deeds, ${steps} steps, ${left}`,
    ...(failure?.history ?? []),
  ].join('\n')
}
