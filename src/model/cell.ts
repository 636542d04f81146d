/**
 * What is known of one key in one hour.
 *
 * `sum` is exact at any size. `count` is the number of increments; `min` and `max` are the smallest and largest
 * value among them, safe integers like the values.
 */
export type Cell = {
  readonly sum: bigint
  readonly count: number
  readonly min: number
  readonly max: number
}

export type KeyedCell = readonly [key: string, cell: Cell]

/** The identity of `merge`. A cell is empty when its count is 0, never because its sum is. */
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
