import { KEY_BYTES_MAX, SLICE_BYTES_MAX } from '../limits.ts'

/**
 * All that is counted of one key in one hour. `sum` is exact at any size. `count` is the number of increments; `min`
 * and `max` are the smallest and the largest value among them, safe integers like the values.
 */
export type Cell = {
  readonly sum: bigint
  readonly count: number
  readonly min: number
  readonly max: number
}

export type KeyedCell = readonly [key: string, cell: Cell]

/** The identity of `mergeCells`. A cell is empty when its count is 0, never because its sum is. */
export const EMPTY_CELL: Cell = {
  sum: 0n,
  count: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
}

/** The cell of a single increment. `value` is a safe integer. */
export function cellOf(value: number): Cell {
  return { sum: BigInt(value), count: 1, min: value, max: value }
}

/** Associative and commutative, with EMPTY_CELL as identity. [A1] [A2] */
export function mergeCells(a: Cell, b: Cell): Cell {
  return {
    sum: a.sum + b.sum,
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  }
}

/**
 * The most bytes that a cell's four numbers take in a flight's JSON. A sum below 2^106 (2^53 increments of 2^53) has 33
 * digits with its sign, and quotes; a count has 16 digits, a min and a max 17. The key's quotes and five commas are in
 * it too.
 */
const CELL_NUMBERS_BYTES = 96

/** The most bytes that a cell of a checked key can take: every byte of the key is escaped. */
export const CELL_BYTES_MAX = 2 * KEY_BYTES_MAX + CELL_NUMBERS_BYTES

/** The most bytes that a cell of a slice with labels can take. */
export const SLICE_CELL_BYTES_MAX = 2 * SLICE_BYTES_MAX + CELL_NUMBERS_BYTES

/**
 * Upper bound of the encoded size of a cell, in bytes. It depends on the key alone, so that sums may grow.
 *
 * @param isPlain whether the key is known to be plain: printable ASCII without quotes and backslashes. Then nothing has to
 *   look at each of its characters.
 */
export function cellBytes(key: string, isPlain = false): number {
  return key.length + CELL_NUMBERS_BYTES + (isPlain ? 0 : bytesBeyondUnits(key))
}

/** How many bytes more than UTF-16 code units a well-formed text takes in JSON and UTF-8. */
export function bytesBeyondUnits(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Both halves of a surrogate pair add one: two units, four bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
    // JSON puts a backslash before a quote and a backslash.
    else if (unit === 0x22 || unit === 0x5c) bytes += 1
    // The mark before a label.
    else if (unit < 0x20) bytes += 5
  }
  return bytes
}
