import { BAD_ITEMS_TOLD_MAX } from '../../limits.ts'
import type { CountLimits, Grant } from '../../model/access/grant.ts'
import { must } from '../../model/assert.ts'
import { refuseOutside } from '../http/access.ts'
import { limitWords } from '../http/limit-words.ts'
import type { ItemError, Limit, Problem } from '../http/problem.ts'

type Asked = { readonly keys: readonly string[]; readonly values: readonly number[] }

/**
 * Refuses a request whole when it has an increment that its token or binding may not count. [S2] Every way of counting
 * comes through here, whatever has read the request.
 */
export function refuseBeyond(grant: Grant, { keys, values }: Asked): Problem | undefined {
  const { limits, prefix } = grant
  if (limits?.itemsMax !== undefined && keys.length > limits.itemsMax) {
    return { kind: 'too_many_items', items: keys.length, itemsMax: limits.itemsMax }
  }
  const outside = refuseOutside(grant, keys)
  if (outside !== undefined || limits === undefined) return outside
  const limit = limitOfKeys(limits, prefix, keys)
  return limit === undefined ? refuseLarge(limits, values) : { kind: 'forbidden', limit }
}

/** Why a grant may not count an increment of this key, or by this value, in words for a single record. [S2] */
export function faultBeyond(grant: Grant, asked: Asked): string | undefined {
  const problem = refuseBeyond(grant, asked)
  if (problem?.kind === 'invalid_increments') return problem.errors[0]?.message
  return problem?.kind === 'forbidden' ? limitWords(problem.limit).more?.errors[0]?.message : undefined
}

function limitOfKeys(
  { keys: listed, depth }: CountLimits,
  prefix: string | null,
  keys: readonly string[],
): Limit | undefined {
  if (listed !== undefined) {
    const indexes = indexesWhere(keys, (key) => !listed.has(key))
    return indexes.length === 0 ? undefined : { kind: 'listed_keys', indexes }
  }
  if (depth === undefined) return undefined
  const indexes = indexesWhere(keys, (key) => segmentsBelow(prefix, key) > depth)
  return indexes.length === 0 ? undefined : { kind: 'depth', depth, prefix, indexes }
}

/** The segments of a key that is under a prefix, or all of a key's. */
function segmentsBelow(prefix: string | null, key: string): number {
  if (prefix === null) return key.split('/').length
  return key.slice(prefix.length).split('/').length - 1
}

function refuseLarge({ valueMax }: CountLimits, values: readonly number[]): Problem | undefined {
  if (valueMax === undefined) return undefined
  const indexes = indexesWhere(values, (value) => Math.abs(value) > valueMax)
  if (indexes.length === 0) return undefined
  const told = indexes.slice(0, BAD_ITEMS_TOLD_MAX)
  const errors = told.map((index): ItemError => {
    const bound = must(values[index], 'a value') > 0 ? `at most ${valueMax}` : `at least -${valueMax}`
    return { index, path: 'value', message: `must be ${bound}, because your access is limited to that` }
  })
  return { kind: 'invalid_increments', errors, more: indexes.length - told.length }
}

function indexesWhere<T>(column: readonly T[], is: (value: T) => boolean): number[] {
  return column.flatMap((value, index) => (is(value) ? [index] : []))
}
