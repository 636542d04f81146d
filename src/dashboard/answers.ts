import type { Unit } from '../model/calendar.ts'
import type { Scope } from '../model/token.ts'

/** What the API answers, as far as it is shown; sums are bigints, for they may be beyond 2^53. */
export type Sums = { readonly sum: bigint; readonly count: number }

export type Extremes = { readonly min: number | null; readonly max: number | null }

export type Bucket = Sums & Extremes & { readonly start: string }

/** Of one key, or of all under a prefix. */
export type Counter = {
  readonly key?: string
  readonly prefix?: string
  readonly from: string
  readonly to: string
  readonly bucket: Unit
  readonly tz: string
  readonly aligned: boolean
  readonly total: Sums & Extremes
  readonly buckets: readonly Bucket[]
  readonly unsettled: readonly Bucket[] | null
  readonly asOf: string | null
  readonly freshFrom: string | null
  readonly lastFlushAt: string | null
}

export type ListItem = Sums &
  Extremes & { readonly key: string; readonly keys?: number; readonly isKey?: boolean }

export type List = {
  readonly from: string
  readonly to: string
  readonly items: readonly ListItem[]
  readonly lastFlushAt: string | null
}

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

export type HourAnswer = {
  readonly hour: string
  readonly state: 'open' | 'closing' | 'final'
  readonly closesAt: string
  readonly finalFrom: string
  readonly pending: number
  readonly parked: number
}

/** Those shards that have answered. */
export function knownOf({ shards }: Status): ShardStatus[] {
  return shards.flatMap((shard) => ('error' in shard ? [] : [shard]))
}
