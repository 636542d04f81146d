import { KEY_BYTES_MAX } from '../limits.ts'
import type { Cell, KeyedCell } from './cell.ts'
import { Columns, narrow, type Sum } from './columns.ts'
import type { UnnamedEntry } from './entry.ts'

/**
 * Upper bound of what a cell's four numbers take in a flight's JSON: a sum below 2^106 (2^53 increments of
 * 2^53) has 33 digits with its sign and stands in quotes, a count has 16, a min and a max 17; and the
 * key's own quotes and five commas.
 */
const CELL_NUMBERS_BYTES = 96

/** The largest that a cell of a checked key can be, encoded: every byte of the key escaped. */
export const CELL_BYTES_MAX = 2 * KEY_BYTES_MAX + CELL_NUMBERS_BYTES

/** The same as `cellBytes` for a key of printable ASCII without quotes and backslashes. */
export function plainCellBytes(key: string): number {
  return key.length + CELL_NUMBERS_BYTES
}

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

/** Cells by key, all of one hour. Used in the isolate and in the shard. */
export class Accumulator implements Iterable<KeyedCell> {
  readonly #columns = new Columns()
  readonly #places = new Map<string, number>()
  #bytes = 0
  #increments = 0

  /** Encoded size, in bytes, as an upper bound. */
  get bytes(): number {
    return this.#bytes
  }

  /** Cells held. */
  get size(): number {
    return this.#columns.length
  }

  /** Increments held: the sum of the cells' counts. */
  get increments(): number {
    return this.#increments
  }

  /** A view: what is added later shows in it. */
  get columns(): Columns {
    return this.#columns
  }

  add(key: string, { sum, count, min, max }: Cell): void {
    this.#add(key, narrow(sum), count, min, max)
  }

  addAll(cells: Iterable<KeyedCell>): void {
    if (cells instanceof Columns) this.#addColumns(cells)
    else for (const [key, cell] of cells) this.add(key, cell)
  }

  #addColumns({ keys, sums, counts, mins, maxs }: Columns): void {
    for (let i = 0; i < keys.length; i++) {
      this.#add(keys[i] ?? '', sums[i] ?? 0, counts[i] ?? 0, mins[i] ?? 0, maxs[i] ?? 0)
    }
  }

  /** Each of the entry's increments, whose values are safe integers. */
  addEntry({ keys, values, isPlain = false }: UnnamedEntry): void {
    for (let i = 0; i < keys.length; i++) {
      const value = values[i] ?? 0
      this.#add(keys[i] ?? '', value, 1, value, value, isPlain)
    }
  }

  get(key: string): Cell | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#columns.cellAt(place)
  }

  [Symbol.iterator](): Generator<KeyedCell, void, undefined> {
    return this.#columns[Symbol.iterator]()
  }

  #add(key: string, sum: Sum, count: number, min: number, max: number, isPlain = false): void {
    const place = this.#places.get(key)
    this.#increments += count
    if (place === undefined) {
      this.#open(key, sum, count, min, max, isPlain ? plainCellBytes(key) : cellBytes(key))
      return
    }
    const { sums, counts, mins, maxs } = this.#columns
    sums[place] = addSums(sums[place] ?? 0, sum)
    counts[place] = (counts[place] ?? 0) + count
    if (min < (mins[place] ?? 0)) mins[place] = min
    if (max > (maxs[place] ?? 0)) maxs[place] = max
  }

  #open(key: string, sum: Sum, count: number, min: number, max: number, size: number): void {
    this.#places.set(key, this.#columns.length)
    this.#columns.push(key, sum, count, min, max)
    this.#bytes += size
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

export function countIncrements(cells: Iterable<KeyedCell>): number {
  let increments = 0
  if (cells instanceof Columns) for (const count of cells.counts) increments += count
  else for (const [, cell] of cells) increments += cell.count
  return increments
}
