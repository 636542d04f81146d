import { cellBytes } from './cell.ts'
import { Columns } from './columns.ts'

export type CutBounds = { readonly cells: number; readonly bytes: number }

/**
 * Cuts cells into pieces within bounds, keys in ascending order over all of them; every cell is in exactly one
 * piece. A single cell larger than `bounds.bytes` is a piece of its own. [A1] [P2]
 */
export function cut({ keys, sums, counts, mins, maxs }: Columns, bounds: CutBounds): Columns[] {
  const pieces: Columns[] = []
  let piece = new Columns()
  let bytes = 0
  for (const place of placesByKey(keys)) {
    const key = keys[place] ?? ''
    const size = cellBytes(key)
    if (piece.length > 0 && (piece.length >= bounds.cells || bytes + size > bounds.bytes)) {
      pieces.push(piece)
      piece = new Columns()
      bytes = 0
    }
    piece.push(key, sums[place] ?? 0, counts[place] ?? 0, mins[place] ?? 0, maxs[place] ?? 0)
    bytes += size
  }
  if (piece.length > 0) pieces.push(piece)
  return pieces
}

/**
 * Any one order does; Postgres sorts again by its own. This is the order of UTF-16 code units. Not a typed array, which
 * takes three times as long where keys came in order. No two keys are the same.
 */
function placesByKey(keys: readonly string[]): number[] {
  return [...keys.keys()].sort((a, b) => ((keys[a] ?? '') < (keys[b] ?? '') ? -1 : 1))
}
