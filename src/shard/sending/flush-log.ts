import type { FlushLine, OfBatch } from '../../log.ts'
import type { Recut } from '../../model/flush/recut.ts'
import type { FrozenBatch } from '../memory.ts'

/** A batch that was sent, and how many ms passed until its outcome was known. */
export type Sent = { readonly frozen: FrozenBatch; readonly ms: number }

/** A batch's figures for the log, without its cells. */
export function ofBatch({ frozen: { seq, cells, increments }, ms }: Sent): OfBatch {
  return { seq, cells: cells.length, increments, ms }
}

/** The message that a move to another writer is logged under, by how the batch was cut anew. */
export const MOVED = {
  keep: 'rewound',
  cut: 'cut',
  aside: 'set aside',
  probe: 'probing',
  park: 'parked',
} as const satisfies Record<Recut['kind'], FlushLine['message']>

/** One line for a flush that went well, however many batches it had; none when no batch got through. */
export function tellApplied(applied: readonly OfBatch[]): FlushLine[] {
  if (applied.length === 0) return []
  const total = applied.reduce((sum, { seq, cells, increments, ms }) => ({
    seq,
    cells: sum.cells + cells,
    increments: sum.increments + increments,
    ms: sum.ms + ms,
  }))
  return [{ message: 'flushed', outcome: 'applied', batches: applied.length, ...total }]
}
