import type { Cell, KeyedCell } from './cell.ts'

/** A sum is a number while it is a safe integer, for bigints cost several times as much. */
export type Sum = number | bigint

/** The same sum, as a number where that is exact. */
export function narrow(sum: bigint): Sum {
  const number = Number(sum)
  return Number.isSafeInteger(number) ? number : sum
}

/** Cells, each with its key, in some order: as objects or as columns. */
export type Cells = Iterable<KeyedCell> & { readonly length: number }

/**
 * Cells as columns, the n-th of each being one cell's. An object and a bigint for each cell would cost more than all
 * else that is done with it.
 */
export class Columns implements Iterable<KeyedCell> {
  readonly keys: string[]
  readonly sums: Sum[]
  readonly counts: number[]
  readonly mins: number[]
  readonly maxs: number[]

  constructor(
    keys: string[] = [],
    sums: Sum[] = [],
    counts: number[] = [],
    mins: number[] = [],
    maxs: number[] = [],
  ) {
    this.keys = keys
    this.sums = sums
    this.counts = counts
    this.mins = mins
    this.maxs = maxs
  }

  /** Those that are columns already, as they are. */
  static of(cells: Iterable<KeyedCell>): Columns {
    if (cells instanceof Columns) return cells
    const columns = new Columns()
    for (const [key, { sum, count, min, max }] of cells) columns.push(key, narrow(sum), count, min, max)
    return columns
  }

  get length(): number {
    return this.keys.length
  }

  push(key: string, sum: Sum, count: number, min: number, max: number): void {
    this.keys.push(key)
    this.sums.push(sum)
    this.counts.push(count)
    this.mins.push(min)
    this.maxs.push(max)
  }

  /** A copy of those from one place up to another. */
  slice(from: number, to?: number): Columns {
    const { keys, sums, counts, mins, maxs } = this
    return new Columns(
      keys.slice(from, to),
      sums.slice(from, to),
      counts.slice(from, to),
      mins.slice(from, to),
      maxs.slice(from, to),
    )
  }

  /** The cell of a key, where keys ascend in the order of UTF-16 code units. */
  find(key: string): Cell | undefined {
    let [from, to] = [0, this.keys.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.keys[middle] ?? '') < key) from = middle + 1
      else to = middle
    }
    return this.keys[from] === key ? this.cellAt(from) : undefined
  }

  cellAt(place: number): Cell {
    return {
      sum: BigInt(this.sums[place] ?? 0),
      count: this.counts[place] ?? 0,
      min: this.mins[place] ?? 0,
      max: this.maxs[place] ?? 0,
    }
  }

  *[Symbol.iterator](): Generator<KeyedCell, void, undefined> {
    for (let place = 0; place < this.keys.length; place++) {
      yield [this.keys[place] ?? '', this.cellAt(place)]
    }
  }
}
