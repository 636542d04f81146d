import { assert } from './assert.ts'
import type { Cell, KeyedCell } from './cell.ts'
import { mergeCells } from './cell.ts'
import { isSliceOf } from './slices/slice.ts'
import { addSums, narrow, type Sum } from './sum.ts'

/** Gets one cell, and where it stands. */
export type Visit = (key: string, sum: Sum, count: number, min: number, max: number, place: number) => void

/** Adds up what is visited; undefined when that is nothing. [A1] */
export function sumOfVisited(visitAll: (visit: Visit) => void): Cell | undefined {
  let total: Cell | undefined
  visitAll((_slice, sum, count, min, max) => {
    const cell = { sum: BigInt(sum), count, min, max }
    total = total === undefined ? cell : mergeCells(total, cell)
  })
  return total
}

/**
 * Cells with their keys, as five columns: the n-th value of each belongs to one cell. An object and a bigint for each
 * cell would cost more than everything else that is done with it.
 *
 * The columns are of one length, which the constructor asserts. So this class reads them without a check, by `as`, and
 * nothing else needs to.
 */
export class Cells implements Iterable<KeyedCell> {
  readonly keys: string[]
  readonly sums: Sum[]
  readonly counts: number[]
  readonly mins: number[]
  readonly maxs: number[]

  /** Keeps the arrays, which must be of one length. */
  constructor(
    keys: string[] = [],
    sums: Sum[] = [],
    counts: number[] = [],
    mins: number[] = [],
    maxs: number[] = [],
  ) {
    const { length } = keys
    assert(
      sums.length === length && counts.length === length && mins.length === length && maxs.length === length,
      'columns of cells are of one length',
    )
    this.keys = keys
    this.sums = sums
    this.counts = counts
    this.mins = mins
    this.maxs = maxs
  }

  static of(cells: Iterable<KeyedCell>): Cells {
    const columns = new Cells()
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

  /** Adds to the cell that stands at a place. [A1] */
  mergeAt(place: number, sum: Sum, count: number, min: number, max: number): void {
    const { sums, counts, mins, maxs } = this
    sums[place] = addSums(sums[place] as Sum, sum)
    counts[place] = (counts[place] as number) + count
    if (min < (mins[place] as number)) mins[place] = min
    if (max > (maxs[place] as number)) maxs[place] = max
  }

  forEach(visit: Visit): void {
    const { keys, sums, counts, mins, maxs } = this
    for (let i = 0; i < keys.length; i++) {
      visit(keys[i] as string, sums[i] as Sum, counts[i] as number, mins[i] as number, maxs[i] as number, i)
    }
  }

  /** How many increments they are made of. */
  countIncrements(): number {
    let increments = 0
    for (const count of this.counts) increments += count
    return increments
  }

  /** A copy of the cells at some places, in the order of these. */
  pick(places: readonly number[]): Cells {
    const pickFrom = <T>(column: readonly T[]) => places.map((place) => column[place] as T)
    const { keys, sums, counts, mins, maxs } = this
    return new Cells(pickFrom(keys), pickFrom(sums), pickFrom(counts), pickFrom(mins), pickFrom(maxs))
  }

  /** A copy of the cells whose keys pass. */
  where(passes: (key: string) => boolean): Cells {
    return this.pick([...this.keys.keys()].filter((place) => passes(this.keyAt(place))))
  }

  /** A copy of the cells from one place up to another. */
  slice(from: number, to?: number): Cells {
    const { keys, sums, counts, mins, maxs } = this
    return new Cells(
      keys.slice(from, to),
      sums.slice(from, to),
      counts.slice(from, to),
      mins.slice(from, to),
      maxs.slice(from, to),
    )
  }

  /** The sum of a key, of all its slices, where slices ascend in the order of UTF-16 code units. [L1] */
  find(key: string): Cell | undefined {
    return sumOfVisited((visit) => this.forEachOf(key, visit))
  }

  /** Visits the cells of a key: without labels, and of all its slices, where slices ascend as for `find`. */
  forEachOf(key: string, visit: Visit): void {
    let [from, to] = [0, this.keys.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.keys[middle] as string) < key) from = middle + 1
      else to = middle
    }
    for (let place = from; place < this.keys.length && isSliceOf(this.keyAt(place), key); place++) {
      this.visitAt(place, visit)
    }
  }

  visitAt(place: number, visit: Visit): void {
    const { keys, sums, counts, mins, maxs } = this
    visit(
      keys[place] as string,
      sums[place] as Sum,
      counts[place] as number,
      mins[place] as number,
      maxs[place] as number,
      place,
    )
  }

  keyAt(place: number): string {
    return this.keys[place] as string
  }

  cellAt(place: number): Cell {
    const { sums, counts, mins, maxs } = this
    return {
      sum: BigInt(sums[place] as Sum),
      count: counts[place] as number,
      min: mins[place] as number,
      max: maxs[place] as number,
    }
  }

  /**
   * The places of all cells in the order of their keys, by UTF-16 code units. Not a typed array, because sorting one
   * takes three times as long where keys came in order.
   */
  placesByKey(): number[] {
    const { keys } = this
    return [...keys.keys()].sort((a, b) => ((keys[a] as string) < (keys[b] as string) ? -1 : 1))
  }

  /** Makes an object of each cell: for few of them. */
  *[Symbol.iterator](): Generator<KeyedCell, void, undefined> {
    for (const [place, key] of this.keys.entries()) yield [key, this.cellAt(place)]
  }
}
