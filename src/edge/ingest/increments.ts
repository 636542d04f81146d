import { must } from '../../model/assert.ts'
import type { Hour } from '../../model/hour.ts'
import type { Schedule } from '../../model/schedule.ts'

/**
 * A request's increments, every one of them checked, as columns: the n-th value of each belongs to the n-th item of the
 * request. Each reader of bodies makes these, and from then on there is one way to the flight.
 */
export type CheckedIncrements = {
  readonly keys: string[]
  /** Safe integers other than 0. */
  readonly values: number[]
  /** Whether all keys are known to be plain. See `cellBytes`. */
  readonly isPlain: boolean
  /** The hour that all count in, or that of each. It is decided once and for all. [K1] */
  readonly hours: Hour | readonly Hour[]
  /** The id of each that has one; undefined when none has. */
  readonly ids?: readonly (string | undefined)[] | undefined
  /** `hashKey` of each key, from a reader that knows them. */
  readonly hashes?: readonly number[]
  /** The name of the whole request, which then has no ids. */
  readonly idempotencyKey?: string | undefined
}

/** The terms by which a request's increments are checked. */
export type Terms = {
  /** When the request arrived, in epoch ms. */
  readonly nowMs: number
  /** How long hours stay open. */
  readonly lateHours: Schedule
  /** Whether values may be negative, which takes the scope `adjust`. */
  readonly mayAdjust: boolean
}

/** The hour that the increment at an index counts in. */
export function hourAt({ hours }: CheckedIncrements, index: number): Hour {
  return typeof hours === 'number' ? hours : must(hours[index], 'an hour')
}
