import type { Workload } from '../rounds.ts'
import { NAMES } from './contenders.ts'

const single = { items: 1, keys: 1_000, ids: false }

/** Loads for the contenders that count. */
export const WORKLOADS = {
  single256: { ...single, name: 'single, 256 connections', connections: 256 },
  single64: { ...single, name: 'single, 64 connections', connections: 64 },
  hot: { ...single, name: 'single, one hot key', connections: 256, keys: 1 },
  array100: { ...single, name: 'arrays of 100', connections: 16, items: 100 },
  array1000: { ...single, name: 'arrays of 1,000', connections: 16, items: 1_000 },
  distinct: { ...single, name: 'arrays of 1,000 new keys', connections: 16, items: 1_000, keys: 0 },
  ids: { ...single, name: 'single with ids', connections: 256, ids: true },
} satisfies Record<string, Workload>

/** The load for those that are read from: the sums of one key by hour, of the last 24 hours. */
export const READS: Workload = { ...single, name: 'reads of a key', connections: 64 }

/** The contender that the others are compared with. */
export const BASELINE = NAMES.ceiling

/** Zod alone is worth looking at with arrays only. The contenders that know no ids would refuse a body with them. */
export function takesPart({ name, ids }: Workload, contender: string): boolean {
  const { zod, upsert, queue } = NAMES
  if (contender === zod) return name === WORKLOADS.array1000.name
  return !(ids && (contender === upsert || contender === queue))
}
