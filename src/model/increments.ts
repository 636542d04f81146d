import { cellBytes } from './cell.ts'

/**
 * Increments of one hour that have no names of their own, as columns: the n-th value of each belongs to one increment.
 */
export type Increments = {
  readonly keys: string[]
  /** Safe integers. */
  readonly values: number[]
  /** Whether all keys are known to be plain. See `cellBytes`. */
  readonly isPlain: boolean
  /** An upper bound of what they take in a flight. */
  bytes: number
}

export function noIncrements(isPlain = false): Increments {
  return { keys: [], values: [], isPlain, bytes: 0 }
}

export function addIncrement(to: Increments, key: string, value: number): void {
  to.keys.push(key)
  to.values.push(value)
  to.bytes += cellBytes(key, to.isPlain)
}
