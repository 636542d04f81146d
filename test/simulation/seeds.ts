import type { Scenario } from './world.ts'

/** A scenario that once failed, and what it had found. */
export type KeptSeed = Scenario & { readonly found: string }

/** Failed seeds stay here, as tests, once what they had found is mended. */
export const KEPT: readonly KeptSeed[] = [
  {
    seed: 20712,
    steps: 74,
    without: [],
    found: 'a fold that fails behind a journaled flight: the flight is taken, though nothing was answered',
  },
]
