import type { Cells } from '../cells.ts'
import type { Hour } from '../hour.ts'
import type { Sealed } from './recut.ts'

/** Cells frozen for Postgres under (writer, seq). What is under a (writer, seq) never changes. [F1] */
export type Batch = {
  readonly writer: string
  readonly seq: number
  /** A random UUID: tells this batch from another that storage rewound in time froze under the same seq. */
  readonly id: string
  readonly shard: string
  readonly hour: Hour
  readonly cells: Cells
  readonly increments: number
}

/** What came of sending a batch to Postgres. */
export type ApplyOutcome =
  /** It is in Postgres exactly once, by this statement or by an earlier copy of it. */
  | { readonly kind: 'applied' }
  /** Nothing was applied by this statement, but an earlier copy may be under way: send the same again. */
  | { readonly kind: 'behind' }
  /** No answer, or one that leaves it open whether it was applied: send the same again. */
  | { readonly kind: 'ambiguous'; readonly reason: string; readonly isTimeout: boolean }
  /** Postgres refused it for a cell's sake (SQLSTATE class 22 or 23): rolled back. */
  | { readonly kind: 'cell_refused'; readonly reason: string }
  /** Postgres refused it for an operator's matter (missing table, full disk, password): rolled back. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The ledger tells of another past than the shard's: storage was rewound, or this writer was sealed. */
  | { readonly kind: 'rewound'; readonly reason: string }

/** What came of asking Postgres to seal a writer. Without an answer it may be sealed; sealing again is the same. */
export type SealOutcome =
  | { readonly kind: 'sealed'; readonly sealed: Sealed }
  | Extract<ApplyOutcome, { kind: 'ambiguous' | 'refused' | 'cell_refused' }>

/** What came of making the ledger know a writer. */
export type RegisterOutcome =
  | { readonly kind: 'registered' }
  | Extract<ApplyOutcome, { kind: 'ambiguous' | 'refused' | 'cell_refused' }>

/** The seam to Postgres. None of its functions ever rejects. */
export interface Sink {
  /** Applies a batch at most once, however often it is called. [P1] */
  apply(batch: Batch): Promise<ApplyOutcome>
  /** Makes that this writer applies nothing, ever again, and tells what it has applied. */
  seal(writer: string, shard: string): Promise<SealOutcome>
  /**
   * Makes that the ledger has a row of this writer, which says that its shard is not done. A writer that is there already,
   * sealed or not, stays as it is.
   */
  register(writer: string, shard: string): Promise<RegisterOutcome>
}
