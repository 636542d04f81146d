import { cellBytes } from './cell.ts'
import type { Cells } from './cells.ts'

export type CutBounds = { readonly cells: number; readonly bytes: number }

/**
 * Cuts cells into pieces within bounds, keys in ascending order over all of them; every cell is in exactly one piece. A
 * single cell larger than `bounds.bytes` is a piece of its own. Any one order of keys will do, because Postgres sorts
 * again by its own. [A1] [P2]
 */
export function cut(cells: Cells, bounds: CutBounds): Cells[] {
  return cutAlong(cells.placesByKey(), cells, bounds)
}

/** Cuts cells likewise, but leaves them in their order. Sorting them takes longer than all the rest. */
export function cutInOrder(cells: Cells, bounds: CutBounds): Cells[] {
  return cutAlong(cells.keys.keys(), cells, bounds)
}

function cutAlong(places: Iterable<number>, cells: Cells, bounds: CutBounds): Cells[] {
  const pieces: Cells[] = []
  let piece: number[] = []
  let bytes = 0
  for (const place of places) {
    const size = cellBytes(cells.keyAt(place))
    if (piece.length > 0 && (piece.length >= bounds.cells || bytes + size > bounds.bytes)) {
      pieces.push(cells.pick(piece))
      piece = []
      bytes = 0
    }
    piece.push(place)
    bytes += size
  }
  if (piece.length > 0) pieces.push(cells.pick(piece))
  return pieces
}
