import { NAMES } from './contenders.ts'
import type { Workload } from './rounds.ts'

const single = { items: 1, keys: 1_000, ids: false }

/** By name, what is asked of those that count. */
export const WORKLOADS = {
  single256: { ...single, name: 'single, 256 connections', connections: 256 },
  single64: { ...single, name: 'single, 64 connections', connections: 64 },
  hot: { ...single, name: 'single, one hot key', connections: 256, keys: 1 },
  array100: { ...single, name: 'arrays of 100', connections: 16, items: 100 },
  array1000: { ...single, name: 'arrays of 1,000', connections: 16, items: 1_000 },
  distinct: { ...single, name: 'arrays of 1,000 new keys', connections: 16, items: 1_000, keys: 0 },
  ids: { ...single, name: 'single with ids', connections: 256, ids: true },
} satisfies Record<string, Workload>

/** What is asked of those that are read from: the sums of one key by hour, of the last 24 hours. */
export const READS: Workload = { ...single, name: 'reads of a key', connections: 64 }

const { ceiling, zod, upsert, queue, writer } = NAMES

/** Who leaves out what: nothing to learn there, or, with ids, a body that they would refuse. */
const LEFT_OUT: Readonly<Record<keyof typeof WORKLOADS, readonly string[]>> = {
  single256: [zod],
  single64: [zod],
  hot: [zod],
  array100: [zod],
  array1000: [],
  distinct: [zod],
  ids: [zod, upsert, queue, writer],
}

export function takesPart({ name }: Pick<Workload, 'name'>, contender: string): boolean {
  const left = Object.entries(WORKLOADS).find(([, workload]) => workload.name === name)?.[0]
  return !LEFT_OUT[left as keyof typeof WORKLOADS]?.includes(contender)
}

/** Who the others are compared with. */
export const BASELINE = ceiling
