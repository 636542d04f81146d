import type { Sums as AllSums, Counter as KeyCounter } from '../../client/answers.ts'
import type { Scope } from '../../model/token.ts'

export type { Bucket, Hour as HourAnswer, List, ListItem } from '../../client/answers.ts'

/** The figures that are drawn. */
export type Sums = Readonly<Pick<AllSums, 'sum' | 'count'>>

/** An answer for one key, or for all keys under a prefix. */
export type Counter = Omit<KeyCounter, 'key'> & { readonly key?: string; readonly prefix?: string }

export type Session = {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly prefix: string | null
  readonly isOpen: boolean
  readonly flushIntervalSeconds: number
}

export type ShardStatus = {
  readonly shard: string
  readonly accepted: number
  readonly settled: number
  readonly discarded: number
  readonly open: { readonly cells: number; readonly increments: number }
  readonly frozen: { readonly batches: number; readonly increments: number }
  readonly parked: { readonly cells: number; readonly increments: number }
  readonly parkedKeys: readonly { readonly key: string; readonly reason: string; readonly sinceMs: number }[]
  readonly journalBytes: number
  readonly lagMs: number
  readonly isConserved: boolean
  readonly fault: { readonly reason: string; readonly failures: number } | null
  readonly moved: { readonly atMs: number; readonly reason: string } | null
  readonly ledger?: { readonly increments: number; readonly agrees: boolean }
}

export type Status = {
  readonly now: string
  readonly hours: readonly string[]
  readonly shards: readonly (ShardStatus | { readonly shard: string; readonly error: string })[]
  readonly pending: number
  readonly lagMs: number
  readonly isConserved: boolean
}

/** The shards that answered. */
export function knownOf({ shards }: Status): ShardStatus[] {
  return shards.flatMap((shard) => ('error' in shard ? [] : [shard]))
}
