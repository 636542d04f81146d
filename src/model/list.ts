import type { Hour } from './hour.ts'
import type { KeyRange } from './prefix.ts'

/** By what a list is sorted: by key, in pages; or the largest first, one page of them. */
export const LIST_SORTS = ['key', '-sum', '-count'] as const

export type ListSort = (typeof LIST_SORTS)[number]

/** How keys are put together in groups: by their first `depth` segments behind `base`, which they all begin with. */
export type Grouping = { readonly base: string; readonly depth: number }

/** A checked list: what Postgres is asked. Hours in [from, to). */
export type ListQuery = {
  /** Ascending, and apart from each other. */
  readonly ranges: readonly KeyRange[]
  readonly from: Hour
  readonly to: Hour
  readonly sort: ListSort
  /** Null for one item for each key. */
  readonly grouping: Grouping | null
  /** Only items whose key is above it; null for all. Only with the sort by key. */
  readonly after: string | null
  /** Items at most. */
  readonly limit: number
}

/** A key, or a group of keys, over all hours of the range; there is none without a count. */
export type ListItem = {
  readonly key: string
  readonly sum: bigint
  readonly count: number
  readonly min: number
  readonly max: number
  /** Of a group: the keys in it, and whether its own name is one of them. */
  readonly group: { readonly keys: number; readonly isKey: boolean } | null
  /** Epoch ms of the latest flush that touched it. */
  readonly lastFlushMs: number
}

/** Items in the order asked for. Rejects when Postgres cannot be asked. */
export type ListCounters = (query: ListQuery) => Promise<readonly ListItem[]>
