import type { Grant, Scope } from '../../model/access/grant.ts'
import { covers } from '../../model/key.ts'
import type { Problem } from './problem.ts'

/** Refuses a token or binding that lacks a scope. [S2] */
export function refuseWithout({ scopes }: Grant, scope: Scope): Problem | undefined {
  if (scopes.includes(scope)) return undefined
  return { kind: 'forbidden', limit: { kind: 'scope', scope } }
}

/** Refuses a token with a prefix where an answer covers all keys: it would learn of other keys' traffic. [S2] */
export function refuseUnlessWhole({ prefix }: Grant): Problem | undefined {
  return prefix === null ? undefined : { kind: 'forbidden', limit: { kind: 'all_keys', prefix } }
}

/**
 * Refuses a whole request when any of its keys is outside the prefix, and names the first such keys by their indexes. [S2]
 *
 * @param path the name of the field that the keys come from.
 */
export function refuseOutside({ prefix }: Grant, keys: Iterable<string>, path = 'key'): Problem | undefined {
  if (prefix === null) return undefined
  const indexes = Array.from(keys).flatMap((key, index) => (covers(prefix, key) ? [] : [index]))
  if (indexes.length === 0) return undefined
  return { kind: 'forbidden', limit: { kind: 'keys', prefix, path, indexes } }
}
