import type { FlushLine, OfBatch } from '../log.ts'
import type { Recut } from '../model/recut.ts'
import type { FrozenBatch } from './memory.ts'

/** A batch that was sent, and how long its outcome took. */
export type Sent = { readonly frozen: FrozenBatch; readonly ms: number }

/** What is told of a batch: numbers, and not its cells. */
export function ofBatch({ frozen: { seq, cells, increments }, ms }: Sent): OfBatch {
  return { seq, cells: cells.length, increments, ms }
}

/** What a move to another writer is called, by what is cut anew. */
export const MOVED = { keep: 'rewound', halve: 'halved', park: 'parked' } as const satisfies Record<
  Recut['kind'],
  FlushLine['message']
>

/** One line for a flush that went well, whatever the number of its batches; none for none. */
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
