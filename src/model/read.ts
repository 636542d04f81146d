import type { Cell } from './cell.ts'
import { EMPTY_CELL, mergeCells } from './cell.ts'
import type { Hour } from './hour.ts'
import type { KeyRange } from './key.ts'

/** What a shard holds of one key that Postgres may not have yet: the shard's half of a fresh read. [R1] */
export type Unsettled = {
  /** The name by which the ledger knows the shard. It has one before its first flush, so that a reader can tell whether that flush has landed since. */
  readonly writer: string
  /**
   * Whether the writer is stored. Until its first write a shard makes a new one each time that it is loaded. Older code
   * leaves this out.
   */
  readonly isStored?: boolean
  /** The last seq that is known to be in Postgres, 0 for none. */
  readonly settledSeq: number
  /** The seq that the next batch gets. */
  readonly nextSeq: number
  readonly open: Cell | null
  readonly parked: Cell | null
  readonly frozen: readonly { readonly seq: number; readonly cell: Cell }[]
}

export type LedgerRow = { readonly seq: number; readonly sealed: boolean }

/** What Postgres has of a key: its cells by the first hours of their buckets, those with nothing left out. */
export type CommittedCounter = {
  readonly cells: ReadonlyMap<Hour, Cell>
  /** Epoch ms of the latest flush that touched one of them. */
  readonly lastFlushMs: number | null
}

/** What Postgres says in one statement: the keys' cells, and the ledger's rows of the writers asked for. */
export type CommittedRead = {
  /** Keys of which it has nothing are not there. */
  readonly counters: ReadonlyMap<string, CommittedCounter>
  readonly ledger: ReadonlyMap<string, LedgerRow>
}

/** What a read of rows has beside its keys. */
type Rows = {
  /** The first hours of buckets, ascending: each goes on until the next, and the last until `to`. */
  readonly buckets: readonly Hour[]
  readonly to: Hour
  readonly writers: readonly string[]
}

/** Rejects when Postgres cannot be asked. */
export type ReadCommitted = (query: Rows & { readonly keys: readonly string[] }) => Promise<CommittedRead>

/** Reads all keys in some ranges added up, as if they were one key of this name. Rejects when Postgres cannot be asked. */
export type ReadSeries = (
  query: Rows & { readonly name: string; readonly ranges: readonly KeyRange[] },
) => Promise<CommittedRead>

/**
 * What must be added to the committed rows for a fresh read, from a shard's answer that was taken *before* the rows
 * were read; undefined when the two do not fit together and both must be asked again. [R1]
 *
 * They fit when the ledger stands at or above what the shard knew to be settled, and below what it had not even
 * frozen. Then the batches above the ledger's seq are not in the rows, and the others are.
 */
export function unsettledPart(unsettled: Unsettled, ledger: CommittedRead['ledger']): Cell | undefined {
  const { writer, open, parked, frozen, settledSeq, nextSeq } = unsettled
  // Whatever was acknowledged of this key before the shard answered was in Postgres by then.
  if (open === null && parked === null && frozen.length === 0) return EMPTY_CELL
  const row = ledger.get(writer)
  const seq = row?.seq ?? 0
  if (row?.sealed === true || seq < settledSeq || seq >= nextSeq) return undefined
  return heldAbove(unsettled, seq)
}

/** What a shard holds of a key, less the batches up to a seq: those that Postgres has applied. */
export function heldAbove({ open, parked, frozen }: Unsettled, seq: number): Cell {
  const missing = frozen.filter((batch) => batch.seq > seq).map((batch) => batch.cell)
  return missing.reduce(mergeCells, mergeCells(open ?? EMPTY_CELL, parked ?? EMPTY_CELL))
}

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
