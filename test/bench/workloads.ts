import type { Workload } from './rounds.ts'

const single = { items: 1, keys: 1_000, ids: false }

/** By name, what is asked of every contender. */
export const WORKLOADS = {
  single256: { ...single, name: 'single, 256 connections', connections: 256 },
  single64: { ...single, name: 'single, 64 connections', connections: 64 },
  hot: { ...single, name: 'single, one hot key', connections: 256, keys: 1 },
  array100: { ...single, name: 'arrays of 100', connections: 16, items: 100 },
  array1000: { ...single, name: 'arrays of 1,000', connections: 16, items: 1_000 },
  distinct: { ...single, name: 'arrays of 1,000 new keys', connections: 16, items: 1_000, keys: 0 },
  ids: { ...single, name: 'single with ids', connections: 256, ids: true },
} satisfies Record<string, Workload>

/** Contenders that take no ids, whose body they would refuse. */
export const WITHOUT_IDS: readonly string[] = ['upsert each', 'queue', 'one writer']

/** What Sumdial should reach, in increments a second beside another contender's in the same round. */
export type Aim = {
  readonly what: string
  readonly workload: Workload
  readonly contender: string
  readonly to: { readonly workload: Workload; readonly contender: string }
  readonly atLeast: number
}

const aim = (
  what: string,
  workload: Workload,
  contender: string,
  atLeast: number,
  more: { workload?: Workload; of?: string } = {},
): Aim => ({
  what,
  workload,
  contender: more.of ?? 'Sumdial',
  to: { workload: more.workload ?? workload, contender },
  atLeast,
})

const { single256, hot, array1000 } = WORKLOADS

export const AIMS: readonly Aim[] = [
  aim('singles, to the ceiling', single256, 'ceiling', 0.65),
  aim('singles with linger, to the ceiling', single256, 'ceiling', 0.65, { of: 'Sumdial, linger 2 ms' }),
  aim('singles, to an upsert each', single256, 'upsert each', 3),
  aim('a hot key, to an upsert each', hot, 'upsert each', 5),
  aim('arrays of 1,000, to a queue', array1000, 'queue', 1),
  aim('singles, to a queue', single256, 'queue', 1),
  aim('arrays of 1,000, to zod alone', array1000, 'zod alone', 1.2),
  aim('a hot key, to 1,000 keys', hot, 'Sumdial', 0.9, { workload: single256 }),
]
