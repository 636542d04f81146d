import { BAD_ITEMS_TOLD_MAX, REQUEST_ITEMS_MAX } from '../../limits.ts'
import { must } from '../../model/assert.ts'
import type { Hour } from '../../model/hour.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { ItemError, Problem } from '../http/problem.ts'
import type { Terms } from './check.ts'
import { checkIncrement, spellId } from './check.ts'

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
  /** The labels of each, in `labelsText`'s form, empty without any; undefined when none has some. */
  readonly labels?: readonly string[] | undefined
  /** `hashKey` of each key, from a reader that knows them. */
  readonly hashes?: readonly number[]
  /** The name of the whole request, which then has no ids. */
  readonly idempotencyKey?: string | undefined
}

/** The hour that the increment at an index counts in. */
export function hourAt({ hours }: CheckedIncrements, index: number): Hour {
  return typeof hours === 'number' ? hours : must(hours[index], 'an hour')
}

/**
 * Checks every item of a request. None is taken unless all are good; otherwise the first bad items are named, and
 * the others counted. [I2]
 *
 * @param idempotencyKey the name of the whole request, which is well-formed.
 */
export function checkIncrements(
  items: readonly unknown[],
  idempotencyKey: string | undefined,
  terms: Terms,
): Result<CheckedIncrements, Problem> {
  if (items.length > REQUEST_ITEMS_MAX) {
    return fail({ kind: 'too_many_items', items: items.length, itemsMax: REQUEST_ITEMS_MAX })
  }
  const keys: string[] = []
  const values: number[] = []
  const hours: Hour[] = []
  const ids: (string | undefined)[] = []
  const labels: string[] = []
  const errors: ItemError[] = []
  let bad = 0
  for (const [index, item] of items.entries()) {
    const checked = checkIncrement(item, idempotencyKey, terms, bad < BAD_ITEMS_TOLD_MAX)
    if (!checked.ok) {
      bad += 1
      for (const fault of checked.error) errors.push({ index, ...fault })
      continue
    }
    const { key, value, hour, id } = checked.value
    labels.push(checked.value.labels)
    keys.push(key)
    values.push(value)
    hours.push(hour)
    ids.push(id)
  }
  if (bad > 0) {
    return fail({ kind: 'invalid_increments', errors, more: Math.max(0, bad - BAD_ITEMS_TOLD_MAX) })
  }
  const hasIds = ids.some((id) => id !== undefined)
  return ok({
    keys,
    values,
    isPlain: false,
    hours: sharedHour(hours) ?? hours,
    ids: hasIds ? ids : undefined,
    labels: labels.some((text) => text !== '') ? labels : undefined,
    idempotencyKey: idempotencyKey === undefined ? undefined : spellId(idempotencyKey),
  })
}

/** The one hour in a list; undefined when there are several, or none. */
function sharedHour(hours: readonly Hour[]): Hour | undefined {
  const [first] = hours
  return hours.every((hour) => hour === first) ? first : undefined
}
