/** What a shard holds, in increments where it says no other unit. */
export type Holdings = {
  readonly accepted: number
  readonly settled: number
  readonly discarded: number
  readonly open: { readonly cells: number; readonly increments: number }
  readonly frozen: { readonly batches: number; readonly cells: number; readonly increments: number }
  readonly parked: { readonly cells: number; readonly increments: number }
  readonly journalBytes: number
  readonly senders: number
  readonly ids: number
  /** Arrival of the oldest increment that Postgres may not have and that is not parked; null when it has all. Epoch ms. */
  readonly oldestMs: number | null
}

/** What a shard says of itself. */
export type ShardStatus = Omit<Holdings, 'oldestMs'> & {
  readonly shard: string
  /** Which keys are parked, and why; not all when there are many. */
  readonly parkedKeys: readonly { readonly key: string; readonly reason: string; readonly sinceMs: number }[]
  /** Age of the oldest increment that Postgres may not have and that is not parked, in ms; 0 when it has all. */
  readonly lagMs: number
  /** Whether accepted = settled + frozen + open + parked + discarded. Anything else is a bug. [C1] */
  readonly isConserved: boolean
  /** Why the last flush failed, and how many have in a row; null when it did not. */
  readonly fault: { readonly kind: string; readonly reason: string; readonly failures: number } | null
  /** The last time that this instance moved on to a new writer, and why; null when it has not. */
  readonly moved: { readonly atMs: number; readonly reason: string } | null
}
