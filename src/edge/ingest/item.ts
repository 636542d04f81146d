import { KEY_BYTES_MAX } from '../../limits.ts'

/** One item of `POST /increment`, checked by itself; `at` in epoch ms. */
export type Item = {
  readonly key: string
  readonly value: number
  readonly at?: number | undefined
  readonly id?: string | undefined
}

/** The rules for good fields, which the schema of an increment uses too. */
export type Fields = {
  readonly isKey: (key: string) => boolean
  readonly isValue: (value: number) => boolean
  readonly isId: (id: string) => boolean
  /** Epoch ms; undefined for what is no time. */
  readonly instantOf: (at: unknown) => number | undefined
}

/**
 * Checks an item by hand, because zod takes as long as all the rest of an array's way to its flight. This only finds out that
 * an item is good; the schema says what is wrong with any other.
 *
 * @returns a good item as the schema would make it; undefined for any other.
 */
export function goodItem(item: unknown, { isKey, isValue, isId, instantOf }: Fields): Item | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
  let key: unknown
  let value: unknown = 1
  let at: unknown
  let id: unknown
  for (const name in item) {
    const field: unknown = (item as Record<string, unknown>)[name]
    if (name === 'key') key = field
    else if (name === 'value') value = field
    else if (name === 'at') at = field
    else if (name === 'id') id = field
    else return undefined
  }
  if (typeof key !== 'string' || !isKey(key) || typeof value !== 'number' || !isValue(value)) return undefined
  if (id !== undefined && (typeof id !== 'string' || !isId(id))) return undefined
  if (at === undefined) return id === undefined ? { key, value } : { key, value, id }
  const atMs = instantOf(at)
  if (atMs === undefined) return undefined
  return id === undefined ? { key, value, at: atMs } : { key, value, at: atMs, id }
}

/** Whether a key is short printable ASCII, as nearly all are, and so a good one. It takes one pass and no regular expression. */
export function isPlainKey(key: string): boolean {
  if (key === '' || key.length > KEY_BYTES_MAX) return false
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return false
  }
  return true
}
