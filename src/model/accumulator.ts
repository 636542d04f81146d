import { KEY_BYTES_MAX } from '../limits.ts'
import type { Cell, KeyedCell } from './cell.ts'
import type { UnnamedEntry } from './entry.ts'

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
  let bytes = key.length + CELL_NUMBERS_BYTES
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    // As in utf8Bytes, but in one pass: JSON puts a backslash before a quote and a backslash.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
    else if (unit === 0x22 || unit === 0x5c) bytes += 1
  }
  return bytes
}

/** A sum is a number while it is a safe integer, for bigints cost several times as much. */
export type Sum = number | bigint

/** Cells as columns, the n-th of each being one cell's. */
export type CellColumns = {
  readonly keys: readonly string[]
  readonly sums: readonly Sum[]
  readonly counts: readonly number[]
  readonly mins: readonly number[]
  readonly maxs: readonly number[]
}

/**
 * Cells by key, all of one hour. Used in the isolate and in the shard. Kept as columns: an object for each cell would
 * cost most of all there is to do for an increment.
 */
export class Accumulator implements Iterable<KeyedCell> {
  readonly #places = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #sums: Sum[] = []
  readonly #counts: number[] = []
  readonly #mins: number[] = []
  readonly #maxs: number[] = []
  #bytes = 0
  #increments = 0

  /** Encoded size, in bytes, as an upper bound. */
  get bytes(): number {
    return this.#bytes
  }

  /** Cells held. */
  get size(): number {
    return this.#keys.length
  }

  /** Increments held: the sum of the cells' counts. */
  get increments(): number {
    return this.#increments
  }

  /** A view: what is added later shows in it. */
  get columns(): CellColumns {
    return {
      keys: this.#keys,
      sums: this.#sums,
      counts: this.#counts,
      mins: this.#mins,
      maxs: this.#maxs,
    }
  }

  add(key: string, { sum, count, min, max }: Cell): void {
    this.#add(key, narrow(sum), count, min, max)
  }

  addAll(cells: Iterable<KeyedCell>): void {
    for (const [key, cell] of cells) this.add(key, cell)
  }

  /** Each of the entry's increments, whose values are safe integers. */
  addEntry({ keys, values }: UnnamedEntry): void {
    for (let i = 0; i < keys.length; i++) {
      const value = values[i] ?? 0
      this.#add(keys[i] ?? '', value, 1, value, value)
    }
  }

  get(key: string): Cell | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#cellAt(place)
  }

  *[Symbol.iterator](): Generator<KeyedCell, void, undefined> {
    for (const [place, key] of this.#keys.entries()) yield [key, this.#cellAt(place)]
  }

  #add(key: string, sum: Sum, count: number, min: number, max: number): void {
    const place = this.#places.get(key)
    this.#increments += count
    if (place === undefined) {
      this.#open(key, sum, count, min, max)
      return
    }
    this.#sums[place] = addSums(this.#sums[place] ?? 0, sum)
    this.#counts[place] = (this.#counts[place] ?? 0) + count
    if (min < (this.#mins[place] ?? 0)) this.#mins[place] = min
    if (max > (this.#maxs[place] ?? 0)) this.#maxs[place] = max
  }

  #open(key: string, sum: Sum, count: number, min: number, max: number): void {
    this.#places.set(key, this.#keys.length)
    this.#keys.push(key)
    this.#sums.push(sum)
    this.#counts.push(count)
    this.#mins.push(min)
    this.#maxs.push(max)
    this.#bytes += cellBytes(key)
  }

  #cellAt(place: number): Cell {
    return {
      sum: BigInt(this.#sums[place] ?? 0),
      count: this.#counts[place] ?? 0,
      min: this.#mins[place] ?? 0,
      max: this.#maxs[place] ?? 0,
    }
  }
}

/**
 * Exact at any size: when two safe integers add up past 2^53, what doubles make of it is past 2^53 too, so a safe
 * result is never a rounded one. [A2]
 */
function addSums(a: Sum, b: Sum): Sum {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return narrow(BigInt(a) + BigInt(b))
}

function narrow(sum: bigint): Sum {
  const number = Number(sum)
  return Number.isSafeInteger(number) ? number : sum
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
