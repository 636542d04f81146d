/** What a shard says of itself, in increments where it says no other unit. */
export type ShardStatus = {
  readonly shard: string
  readonly accepted: number
  readonly settled: number
  readonly open: { readonly cells: number; readonly increments: number }
  readonly frozen: { readonly batches: number; readonly cells: number; readonly increments: number }
  readonly parked: { readonly cells: number; readonly increments: number }
  /** Which keys are parked, and why; not all when there are many. */
  readonly parkedKeys: readonly { readonly key: string; readonly reason: string; readonly sinceMs: number }[]
  readonly discarded: number
  readonly journalBytes: number
  readonly senders: number
  readonly ids: number
  /** Age of the oldest increment that Postgres may not have, in ms; 0 when it has all. */
  readonly lagMs: number
  /** Whether accepted = settled + frozen + open + parked + discarded. Anything else is a bug. [C1] */
  readonly isConserved: boolean
  /** Why the last flush failed, and how many have in a row; null when it did not. */
  readonly fault: { readonly kind: string; readonly reason: string; readonly failures: number } | null
  /** The last time that this instance moved on to a new writer, and why; null when it has not. */
  readonly moved: { readonly atMs: number; readonly reason: string } | null
}
