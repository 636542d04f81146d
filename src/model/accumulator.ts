import { KEY_BYTES_MAX } from '../limits.ts'
import type { Cell, KeyedCell } from './cell.ts'
import { mergeCells } from './cell.ts'
import { utf8Bytes } from './utf8.ts'

/**
 * Upper bound of what a cell's four numbers take in a flight's JSON: a sum below 2^106 (2^53 increments of
 * 2^53) has 33 digits with its sign and stands in quotes, a count has 16, a min and a max 17; and the
 * key's own quotes and five commas.
 */
const CELL_NUMBERS_BYTES = 96

/** The largest that a cell of a checked key can be, encoded: every byte of the key escaped. */
export const CELL_BYTES_MAX = 2 * KEY_BYTES_MAX + CELL_NUMBERS_BYTES

/** Upper bound of the encoded size of a cell, in bytes. It depends on the key alone, so that sums may grow. */
export function cellBytes(key: string): number {
  return utf8Bytes(key) + escapes(key) + CELL_NUMBERS_BYTES
}

/** Backslashes that JSON adds to a key, which has no control characters. */
function escapes(key: string): number {
  let count = 0
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit === 0x22 || unit === 0x5c) count++
  }
  return count
}

/** Cells by key, all of one hour. Used in the isolate and in the shard. */
export class Accumulator {
  readonly #cells = new Map<string, Cell>()
  #bytes = 0
  #increments = 0

  /** Encoded size, in bytes, as an upper bound. */
  get bytes(): number {
    return this.#bytes
  }

  /** Cells held. */
  get size(): number {
    return this.#cells.size
  }

  /** Increments held: the sum of the cells' counts. */
  get increments(): number {
    return this.#increments
  }

  add(key: string, cell: Cell): void {
    const held = this.#cells.get(key)
    if (held === undefined) this.#bytes += cellBytes(key)
    this.#cells.set(key, held === undefined ? cell : mergeCells(held, cell))
    this.#increments += cell.count
  }

  addAll(cells: Iterable<KeyedCell>): void {
    for (const [key, cell] of cells) this.add(key, cell)
  }

  get(key: string): Cell | undefined {
    return this.#cells.get(key)
  }

  [Symbol.iterator](): IterableIterator<KeyedCell> {
    return this.#cells[Symbol.iterator]()
  }
}

export type CutBounds = { readonly cells: number; readonly bytes: number }

/**
 * Cuts cells into pieces within bounds, keys in ascending order over all of them; every cell is in exactly one
 * piece. A single cell larger than `bounds.bytes` is a piece of its own. [A1] [P2]
 */
export function cut(cells: Iterable<KeyedCell>, bounds: CutBounds): KeyedCell[][] {
  const pieces: KeyedCell[][] = []
  let piece: KeyedCell[] = []
  let bytes = 0
  for (const cell of [...cells].sort(byKey)) {
    const size = cellBytes(cell[0])
    if (piece.length > 0 && (piece.length >= bounds.cells || bytes + size > bounds.bytes)) {
      pieces.push(piece)
      piece = []
      bytes = 0
    }
    piece.push(cell)
    bytes += size
  }
  if (piece.length > 0) pieces.push(piece)
  return pieces
}

/** Any one order does; Postgres sorts again by its own. This is the order of UTF-16 code units. */
function byKey(a: KeyedCell, b: KeyedCell): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}

export function countIncrements(cells: Iterable<KeyedCell>): number {
  let increments = 0
  for (const [, cell] of cells) increments += cell.count
  return increments
}
