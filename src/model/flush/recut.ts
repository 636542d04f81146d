import { Cells } from '../cells.ts'

/** Postgres's answer when a writer is sealed: the last seq that it applied, 0 for none, and that batch's id. */
export type Sealed = { readonly seq: number; readonly batch: string | null }

/** How the batch in question is cut anew when a shard moves on to a new writer, by why it moves. */
export type Recut =
  /** The ledger has another past than the shard. Nothing is wrong with the cells. */
  | { readonly kind: 'keep' }
  /** Postgres refused a cell of this batch, or the batch is too much for it. */
  | { readonly kind: 'halve'; readonly seq: number }
  /** Postgres refused this batch because of its one cell. */
  | { readonly kind: 'park'; readonly seq: number }

type Frozen = { readonly seq: number; readonly id: string; readonly cells: Cells }

/** Every cell of the frozen batches is in exactly one of the three. [A1] [C1] */
export type Moved = {
  /** Increments that the seal showed to be in Postgres. */
  readonly settled: number
  /** The cells of the new writer's batches, in the order of its seqs from 1. */
  readonly pieces: readonly Cells[]
  /** The cells of the batch that was refused because of them; none otherwise. */
  readonly parked: Cells
}

/**
 * Decides on the frozen batches of a writer that was sealed. Batches below the ledger's seq have been applied, and so
 * has the one at that seq if its id is the same; no copy of the others can be applied any more. [P1] [F3]
 */
export function recutFrozen(frozen: readonly Frozen[], sealed: Sealed, recut: Recut): Moved {
  const isApplied = ({ seq, id }: Frozen) => seq < sealed.seq || (seq === sealed.seq && id === sealed.batch)
  const applied = frozen.filter(isApplied)
  const rest = frozen.filter((batch) => !isApplied(batch))
  const isParked = ({ seq }: Frozen) => recut.kind === 'park' && recut.seq === seq
  return {
    settled: applied.reduce((sum, { cells }) => sum + cells.countIncrements(), 0),
    pieces: rest.filter((batch) => !isParked(batch)).flatMap((batch) => piecesOf(batch, recut)),
    parked: rest.find(isParked)?.cells ?? new Cells(),
  }
}

function piecesOf({ seq, cells }: Frozen, recut: Recut): Cells[] {
  if (recut.kind !== 'halve' || recut.seq !== seq || cells.length < 2) return [cells]
  const middle = Math.ceil(cells.length / 2)
  return [cells.slice(0, middle), cells.slice(middle)]
}
