import type { Cells } from '../cells.ts'
import type { Hour } from '../hour.ts'

/** Cells frozen for Postgres under (writer, seq). They never change. [F1] */
export type Batch = {
  readonly writer: string
  readonly seq: number
  /**
   * A random UUID, which tells this batch from another that was frozen under the same seq by storage that was rewound.
   */
  readonly id: string
  readonly shard: string
  readonly hour: Hour
  readonly cells: Cells
  readonly increments: number
}

/** The outcome of sending a batch to Postgres. */
export type ApplyOutcome =
  /** The batch is in Postgres exactly once, by this statement or by an earlier copy. */
  | { readonly kind: 'applied' }
  /** This statement applied nothing, but an earlier copy may be under way: send the same again. */
  | { readonly kind: 'behind' }
  /** There was no answer, or one that does not say whether the batch was applied: send the same again. */
  | {
      readonly kind: 'ambiguous'
      readonly reason: string
      readonly isTimeout: boolean
      /** Whether Postgres or a pooler answered with an SQLSTATE, of those that mostly pass by themselves. */
      readonly isAnswered?: true
    }
  /** Postgres refused it because of the data in a cell (SQLSTATE class 22 or 23): rolled back. */
  | { readonly kind: 'cell_refused'; readonly reason: string }
  /** Postgres refused it for a reason that an operator must mend (missing table, full disk, password): rolled back. */
  | {
      readonly kind: 'refused'
      readonly reason: string
      /** Whether a table or column is missing or may not be used, so that a migration or a grant would mend it. */
      readonly isOfSchema?: true
    }
  /** The ledger has another past than the shard: storage was rewound, or this writer was sealed. */
  | { readonly kind: 'rewound'; readonly reason: string }

/** An outcome by which a batch did not get to Postgres. */
export type Failed = Exclude<ApplyOutcome, { kind: 'applied' }>

/** A failure that says why, as all but `behind` do. */
export type Explained = Extract<Failed, { reason: string }>

/** Postgres's answer when a writer is sealed: the last seq that it applied, 0 for none, and that batch's id. */
export type Sealed = { readonly seq: number; readonly batch: string | null }

/** The outcome of asking Postgres to seal a writer. Without an answer it may be sealed, and may be sealed again. */
export type SealOutcome =
  | { readonly kind: 'sealed'; readonly sealed: Sealed }
  | Extract<ApplyOutcome, { kind: 'ambiguous' | 'refused' | 'cell_refused' }>

/** The outcome of making the ledger know a writer. */
export type RegisterOutcome =
  | { readonly kind: 'registered' }
  | Extract<ApplyOutcome, { kind: 'ambiguous' | 'refused' | 'cell_refused' }>

/** The seam to Postgres. None of its functions ever rejects. */
export interface Sink {
  /**
   * Applies a batch at most once, however often it is called. [P1]
   *
   * @param withinMs after so long there was no answer; STATEMENT_MS_MAX unless told.
   */
  apply(batch: Batch, withinMs?: number): Promise<ApplyOutcome>
  /** Seals a writer, so that it applies nothing, ever again, and says what it has applied. */
  seal(writer: string, shard: string): Promise<SealOutcome>
  /**
   * Gives the ledger a row for this writer, which says that its shard is not done. A writer that is there already,
   * sealed or not, stays as it is.
   */
  register(writer: string, shard: string): Promise<RegisterOutcome>
  /** Ends the connection that these have opened. The next call opens another. */
  end(): void
}
