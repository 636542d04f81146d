import { isDate } from '../fields.ts'
import { SEARCH_CHARS_MAX } from '../limits.ts'
import { type Instant, isoOf } from './instant.ts'

/** Parameters by name; those that are undefined are left out, and an array stands for a parameter that comes again. */
export type NamedParameters = Readonly<Record<string, Instant | readonly string[] | undefined>>

/** The part of an address behind the path. */
export function searchOf(parameters: NamedParameters): URLSearchParams {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) for (const each of value) search.append(name, String(each))
    else if (value !== undefined) search.append(name, isDate(value) ? isoOf(name, value) : String(value))
  }
  return search
}

/** Adds keys, as many as one address has room for; at least one. @returns the others. */
export function addKeys(search: URLSearchParams, keys: readonly string[]): readonly string[] {
  let chars = search.toString().length
  const end = keys.findIndex((key, i) => {
    chars += new URLSearchParams({ key }).toString().length + 1
    return i > 0 && chars > SEARCH_CHARS_MAX
  })
  const fits = end === -1 ? keys.length : end
  for (const key of keys.slice(0, fits)) search.append('key', key)
  return keys.slice(fits)
}
