import { must } from './assert.ts'
import type { Cell } from './cell.ts'
import { cellBytes } from './cell.ts'
import { Cells, sumOfVisited, type Visit } from './cells.ts'
import type { Increments } from './increments.ts'
import { isLabelled, keyOf } from './slices/slice.ts'
import type { Sum } from './sum.ts'

/** Cells of one hour, one for each slice, to which more can be added. Used in the isolate and in the shard. */
export class Accumulator {
  /** A view: what is added later shows in it. */
  readonly cells = new Cells()
  readonly #places = new Map<string, number>()
  /** The slices of each key that has labels, without the key itself: of the first so many cells. See `#slicesOf`. */
  readonly #slices = new Map<string, string[]>()
  #sorted = 0
  #bytes = 0
  #increments = 0

  /** Encoded size, in bytes, as an upper bound. */
  get bytes(): number {
    return this.#bytes
  }

  /** Cells held. */
  get size(): number {
    return this.cells.length
  }

  /** Increments held: the sum of the cells' counts. */
  get increments(): number {
    return this.#increments
  }

  has(key: string): boolean {
    return this.#places.has(key)
  }

  /** Adds one increment where its key has a cell already. @returns whether it has one. */
  merge(key: string, value: number): boolean {
    return this.#merge(key, value, 1, value, value)
  }

  /** Adds one increment of a key that may not be plain. */
  add(key: string, value: number): void {
    if (!this.merge(key, value)) this.#open(key, value, 1, value, value, cellBytes(key))
  }

  addCells(cells: Cells): void {
    cells.forEach((key, sum, count, min, max) => {
      this.addCell(key, sum, count, min, max)
    })
  }

  addCell(key: string, sum: Sum, count: number, min: number, max: number): void {
    if (!this.#merge(key, sum, count, min, max)) this.#open(key, sum, count, min, max, cellBytes(key))
  }

  addIncrements({ keys, values, isPlain }: Increments): void {
    for (let i = 0; i < keys.length; i++) {
      const key = must(keys[i], 'a key')
      const value = must(values[i], 'a value')
      if (this.#merge(key, value, 1, value, value)) continue
      this.#open(key, value, 1, value, value, cellBytes(key, isPlain))
    }
  }

  /** The sum of a key: of what came without labels, and of all its slices. [L1] */
  get(key: string): Cell | undefined {
    return sumOfVisited((visit) => this.forEachOf(key, visit))
  }

  /** Visits the cells of a key: without labels, and of all its slices. */
  forEachOf(key: string, visit: Visit): void {
    for (const slice of [key, ...this.#slicesOf(key)]) {
      const place = this.#places.get(slice)
      if (place !== undefined) this.cells.visitAt(place, visit)
    }
  }

  /** A copy of the cells of these slices, in their order; a slice that it does not have is passed over. */
  pick(slices: Iterable<string>): Cells {
    const places = Array.from(slices, (slice) => this.#places.get(slice)).filter(
      (place) => place !== undefined,
    )
    return this.cells.pick(places)
  }

  /** @returns false when there is no cell of this key yet. */
  #merge(key: string, sum: Sum, count: number, min: number, max: number): boolean {
    const place = this.#places.get(key)
    if (place === undefined) return false
    this.cells.mergeAt(place, sum, count, min, max)
    this.#increments += count
    return true
  }

  #open(key: string, sum: Sum, count: number, min: number, max: number, size: number): void {
    this.#places.set(key, this.cells.length)
    this.cells.push(key, sum, count, min, max)
    this.#increments += count
    this.#bytes += size
  }

  /** Sorts slices by their keys only when one is asked for, because most accumulators are never asked. */
  #slicesOf(key: string): readonly string[] {
    for (; this.#sorted < this.cells.length; this.#sorted++) {
      const slice = this.cells.keyAt(this.#sorted)
      if (!isLabelled(slice)) continue
      const own = this.#slices.get(keyOf(slice))
      if (own === undefined) this.#slices.set(keyOf(slice), [slice])
      else own.push(slice)
    }
    return this.#slices.get(key) ?? []
  }
}
