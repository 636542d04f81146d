import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeFailure } from './describe-failure.ts'
import { Pool } from './pool.ts'
import type { Outcome } from './run.ts'
import { KEPT } from './seeds.ts'
import { STEPS } from './steps.ts'

/**
 * The production object, store, flusher, coalescer and reads in seeded worlds full of faults; see world.ts. Every tenth
 * seed puts storage back to an earlier state. `npm run simulate -- --seeds N` runs more.
 */
const SEEDS = 200

/** Half a minute of work, on a machine that may have much else to do; and a failure that is made small. */
const RUN_MS_MAX = 600_000

let pool: Pool

beforeAll(() => {
  pool = new Pool(Math.min(2, availableParallelism()))
})

afterAll(() => pool?.close())

const failures = (outcomes: readonly Outcome[]) =>
  outcomes.filter(({ failure }) => failure !== null).map(describeFailure)

/** Until the first failure: making each small takes longer than finding it. */
const run = (chosen: readonly number[]) => pool.run(scenarios(chosen), () => {}, true)

const seeds = Array.from({ length: SEEDS }, (_, seed) => seed)
const scenarios = (chosen: readonly number[]) => chosen.map((seed) => ({ seed, steps: STEPS, without: [] }))

/** What a run of all seeds must have had in it, or it shows nothing about it. */
const SEEN = [
  'duplicate',
  'conflict',
  'discard',
  'hangUp',
  'requestLost',
  'deploy',
  'unknown_version',
  'sharedRow',
]

describe('whatever goes wrong with requests, clients, flights, objects, alarms, deploys, Postgres and clocks', () => {
  test(
    '[I1] [I3] [I4] [I5] [J1] [C1] [P1] [P3] [F1] [F2] [F3] [F4] [R1] [Z1] [K2] every acknowledged increment counts once, none twice, and all ends',
    async () => {
      const outcomes = await run(seeds.filter((seed) => seed % 10 !== 9))
      expect(failures(outcomes)).toEqual([])
      const total = (of: (outcome: Outcome) => number) =>
        outcomes.reduce((sum, outcome) => sum + of(outcome), 0)
      expect(total(({ increments }) => increments)).toBeGreaterThan(SEEDS * 50)
      expect(total(({ reads }) => reads)).toBeGreaterThan(SEEDS * 3)
      const rare = SEEN.filter((what) => total(({ tallies }) => tallies[what] ?? 0) < SEEDS / 10)
      expect(rare).toEqual([])
    },
    RUN_MS_MAX,
  )

  test(
    '[C1] [F4] [Z1] storage put back to an earlier state is noticed and survived: each shard adds up, drains and ends',
    async () => {
      const outcomes = await run(seeds.filter((seed) => seed % 10 === 9))
      expect(failures(outcomes)).toEqual([])
      expect(outcomes.some(({ rewindsNoticed }) => rewindsNoticed > 0)).toBe(true)
    },
    RUN_MS_MAX,
  )

  test(
    'the same seed has the same history',
    async () => {
      const [first, second] = await pool.run([...scenarios([7]), ...scenarios([7])])
      expect(second).toEqual(first)
    },
    RUN_MS_MAX,
  )

  test(
    '[C1] the seeds that once failed hold',
    async () => {
      expect(failures(await pool.run(KEPT))).toEqual([])
    },
    RUN_MS_MAX,
  )
})
