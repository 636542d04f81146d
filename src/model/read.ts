import type { Cell } from './cell.ts'
import { EMPTY_CELL, mergeCells } from './cell.ts'
import type { Hour, HourRange } from './hour.ts'
import type { KeyRange } from './key.ts'
import type { SliceGrouping, Where } from './slices/grouping.ts'

/** The cells of one key that a shard holds and Postgres may not have yet: the shard's half of a fresh read. [R1] */
export type Unsettled = {
  /**
   * The name by which the ledger knows the shard. A shard has it before its first flush, so that a reader can tell
   * whether that flush has landed since.
   */
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

/**
 * The cells that a shard holds of some keys and Postgres may not have, by the names of groups, and by the name of each
 * subject for all of its groups together. See model/slices/grouping.ts. [R1]
 */
export type UnsettledGroups = readonly { readonly name: string; readonly unsettled: Unsettled }[]

/** The keys that a shard is asked for by groups: each by itself, or all under a prefix that a grant covers, as one. */
export type GroupSubjects =
  | { readonly keys: readonly string[] }
  | { readonly prefix: string; readonly grant: string | null }

/** The ledger's row for a writer: the last seq that Postgres has applied, and whether it may apply more. */
export type LedgerRow = { readonly seq: number; readonly sealed: boolean }

/** A key as Postgres has it: its cells by the first hours of their buckets, without the buckets that have nothing. */
export type CommittedCounter = {
  readonly cells: ReadonlyMap<Hour, Cell>
  /** Epoch ms of the latest flush that touched one of them. */
  readonly lastFlushMs: number | null
}

/** Postgres's answer in one statement: the keys' cells, and the ledger's rows for the writers that were asked for. */
export type CommittedRead = {
  /** Without the keys of which Postgres has nothing. */
  readonly counters: ReadonlyMap<string, CommittedCounter>
  readonly ledger: ReadonlyMap<string, LedgerRow>
  /** Rows that are not in the counters: at least one for each of their buckets that has any. Nearly always none. */
  readonly unreadable: readonly UnreadableRow[]
  /** Where the counters are coarser than was asked. */
  readonly coarse: readonly CoarseRange[]
  /** Whether a label has more values, or more of them by bucket, than an isolate holds. Then there are no counters. [I5] */
  readonly isTooMuch?: boolean
}

/**
 * Days whose hours are gone and that an edge of a range or bucket cuts, from the beginning of the first to the end of the last,
 * in RFC 3339. Each counts whole in the bucket in which it begins, and nowhere if it begins before the range. [D1]
 */
export type CoarseRange = { readonly from: string; readonly to: string }

/**
 * A row that is no cell because somebody changed it by SQL, to a sum of 1.5 or NaN for example. `hour` is when its hour
 * begins, in RFC 3339.
 */
export type UnreadableRow = { readonly key: string; readonly hour: string }

/** The hours and writers of a read. */
export type RowsQuery = {
  /** The first hours of buckets, ascending. Each bucket ends where the next begins, and the last at `to`. */
  readonly buckets: readonly Hour[]
  readonly to: Hour
  /** A bucket whose rows are not read: the hours between two periods that are compared. */
  readonly gap?: HourRange | undefined
  readonly writers: readonly string[]
}

/** Rejects when Postgres cannot be asked. */
export type ReadCommitted = (
  query: RowsQuery & { readonly keys: readonly string[] },
) => Promise<CommittedRead>

/**
 * Reads all keys in some ranges added up, as if they were one key of this name. Rejects when Postgres cannot be asked.
 */
export type ReadSeries = (
  query: RowsQuery & { readonly name: string; readonly ranges: readonly KeyRange[] },
) => Promise<CommittedRead>

/** The rows that are read by groups: of keys, each by itself; or of all keys in some ranges, under one name. */
export type GroupRows =
  | { readonly keys: readonly string[] }
  | { readonly name: string; readonly ranges: readonly KeyRange[] }

/**
 * Reads slices by groups, and what carried no labels beside them. The counters are by the names of groups, and by the name
 * of each subject for all of its groups together; what carried no labels has neither minimum nor maximum of its own. Rejects
 * when Postgres cannot be asked. [L1]
 */
export type ReadGroups = (query: RowsQuery & GroupRows & SliceGrouping) => Promise<CommittedRead>

/** The labels of some keys' slices in [from, to): their names, and the largest values of each by count. */
export type LabelsQuery = {
  readonly ranges: readonly KeyRange[]
  readonly from: Hour
  readonly to: Hour
  /** The most names, and values of each. */
  readonly names: number
  readonly values: number
}

/** Rejects when Postgres cannot be asked. */
export type ListLabels = (query: LabelsQuery) => Promise<{
  readonly items: readonly LabelItem[]
  /** The overflow slices, as if to overflow were a label; null when there are none. [L2] */
  readonly overflow: LabelItem | null
  /** Rows that are in no item. */
  readonly unreadable: readonly UnreadableRow[]
  readonly coarse: readonly CoarseRange[]
}>

export type LabelItem = {
  readonly name: string
  /** How many values it has. */
  readonly values: number
  readonly count: number
  readonly largest: readonly { readonly value: string; readonly sum: bigint; readonly count: number }[]
  /** Epoch ms of the latest flush that touched one of its slices. */
  readonly lastFlushMs: number
}

/**
 * The cell that a fresh read adds to the committed rows, from a shard's answer that was taken *before* the rows were
 * read; undefined when the two do not fit together. [R1]
 */
export function unsettledPart(unsettled: Unsettled, ledger: CommittedRead['ledger']): Cell | undefined {
  const { writer, open, parked, frozen } = unsettled
  // All that was acknowledged of this key before the shard answered was in Postgres by then.
  if (open === null && parked === null && frozen.length === 0) return EMPTY_CELL
  return isOfLedger(unsettled, ledger) ? heldAbove(unsettled, ledger.get(writer)?.seq ?? 0) : undefined
}

/**
 * Whether a shard's answer and the ledger's row of its writer fit together, whichever of the two was read first. They fit
 * when the ledger's seq is at least the last that the shard knew to be settled, and at most the last that it had frozen: then
 * the batches above that seq are not in the rows, the others are, and what is open is not. [R1]
 *
 * @param ledger has been asked for the writer, so that without a row the writer has applied nothing.
 */
export function isOfLedger(
  { writer, settledSeq, nextSeq }: Unsettled,
  ledger: CommittedRead['ledger'],
): boolean {
  const { seq, sealed } = ledger.get(writer) ?? { seq: 0, sealed: false }
  return !sealed && seq >= settledSeq && seq < nextSeq
}

/** The cell that a shard holds of a key, without the batches up to a seq, which Postgres has applied. */
export function heldAbove({ open, parked, frozen }: Unsettled, seq: number): Cell {
  const missing = frozen.filter((batch) => batch.seq > seq).map((batch) => batch.cell)
  return missing.reduce(mergeCells, mergeCells(open ?? EMPTY_CELL, parked ?? EMPTY_CELL))
}

/** A read that Postgres was asked for: a list, one that looks for a text inside keys, keys, a prefix, groups, or labels. */
export type ReadKind = 'list' | 'search' | 'keys' | 'prefix' | 'groups' | 'labels'

/** Postgres is there, and did not answer this read in its time: it has to be asked for less. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow'
  readonly read: ReadKind

  constructor(read: ReadKind, cause: unknown) {
    super('the read took too long', { cause })
    this.read = read
  }
}

/** The orders of a list: by key, in pages; or the largest first, on one page. */
export const LIST_SORTS = ['key', '-sum', '-count'] as const

export type ListSort = (typeof LIST_SORTS)[number]

/** Groups keys by their first `depth` segments after `base`, with which all of them begin. */
export type Grouping = { readonly base: string; readonly depth: number }

/** A list that Postgres is asked for, of hours in [from, to). */
export type ListQuery = {
  /** Ascending, with a gap between each two. */
  readonly ranges: readonly KeyRange[]
  /** A text that is somewhere in each key; null for all keys. */
  readonly contains: string | null
  /** Conditions on labels: with any, only slices are added up. See `takesUnlabelled`. */
  readonly where: readonly Where[]
  readonly from: Hour
  readonly to: Hour
  readonly sort: ListSort
  /** Null for one item for each key. */
  readonly grouping: Grouping | null
  /** Only items whose key is above this one; null for all. Only with the sort by key. */
  readonly after: string | null
  /** The most items. */
  readonly limit: number
}

/** A key, or a group of keys, over all hours of the range. None has a count of 0. */
export type ListItem = {
  readonly key: string
  readonly sum: bigint
  readonly count: number
  readonly min: number
  readonly max: number
  /** How many keys a group has, and whether its own name is one of them; null for a key. */
  readonly group: { readonly keys: number; readonly isKey: boolean } | null
  /** Epoch ms of the latest flush that touched the item. */
  readonly lastFlushMs: number
}

export type Listed = {
  /** In the order asked for. */
  readonly items: readonly ListItem[]
  /** Rows that are not in them: at least one for each key that has any. */
  readonly unreadable: readonly UnreadableRow[]
  /** Where they are coarser than was asked. */
  readonly coarse: readonly CoarseRange[]
}

/** Finds the first hour that Postgres has of some keys; null when it has none of them. Rejects when it cannot be asked. */
export type ReadFirstHour = (
  asked: { readonly keys: readonly string[] } | { readonly ranges: readonly KeyRange[] },
) => Promise<Hour | null>

/** Rejects when Postgres cannot be asked. */
export type ListCounters = (query: ListQuery) => Promise<Listed>
