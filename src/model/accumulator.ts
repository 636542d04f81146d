import type { Cell, KeyedCell } from './cell.ts'
import { cellBytes, plainCellBytes } from './cell.ts'
import { Columns, narrow, type Sum } from './columns.ts'
import type { UnnamedEntry } from './entry.ts'

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
