import { z } from 'zod'
import { ID_BYTES_MAX, KEY_BYTES_MAX } from '../limits.ts'
import { must } from './assert.ts'
import { utf8Bytes } from './text/utf8.ts'

const CONTROL = /\p{Cc}/u

/** Why a key is refused, in words for its sender; undefined for a good one. */
export function keyFault(key: string): string | undefined {
  if (isShortAscii(key)) return undefined
  if (key === '') return 'must not be empty'
  if (!key.isWellFormed()) return 'must be well-formed Unicode, and has a lone surrogate'
  if (CONTROL.test(key)) return 'must not contain control characters'
  const bytes = utf8Bytes(key)
  return bytes > KEY_BYTES_MAX
    ? `must have at most ${KEY_BYTES_MAX} bytes of UTF-8, and has ${bytes}`
    : undefined
}

/**
 * Whether a key is short printable ASCII, as nearly all are, and so a good one. It takes one pass and no regular
 * expression.
 */
export function isShortAscii(key: string): boolean {
  if (key === '' || key.length > KEY_BYTES_MAX) return false
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return false
  }
  return true
}

/** Why an id is refused; undefined for a good one. */
export function idFault(id: string): string | undefined {
  if (id === '') return 'must not be empty'
  if (!id.isWellFormed() || CONTROL.test(id)) return 'must be well-formed Unicode without control characters'
  return utf8Bytes(id) > ID_BYTES_MAX ? `must have at most ${ID_BYTES_MAX} bytes of UTF-8` : undefined
}

/** Whether a key is under a prefix, in whole segments: `site/acme` does not cover `site/acme-corp`. [S2] */
export function covers(prefix: string | null, key: string): boolean {
  return prefix === null || key === prefix || key.startsWith(`${prefix}/`)
}

/**
 * Why a prefix is refused; undefined for a good one. A key may have empty segments, but in a prefix nobody would see
 * them.
 */
export function prefixFault(prefix: string): string | undefined {
  const isWhole = !prefix.split('/').includes('')
  return keyFault(prefix) ?? (isWhole ? undefined : SEGMENTS)
}

const SEGMENTS = 'must be whole segments such as site/acme, without a slash at either end or two in a row'

/** Makes a zod refinement from a function that names the fault. */
export function check<T>(faultOf: (value: T) => string | undefined) {
  return (ctx: z.core.ParsePayload<T>) => {
    const message = faultOf(ctx.value)
    if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: ctx.value })
  }
}

/** For the API's description, because zod does not know what a function checks. */
const KEY_META = {
  description: `A path-like name with \`/\` between its segments: 1 to ${KEY_BYTES_MAX} bytes of UTF-8 without control characters.`,
  example: 'site/example.com/pricing',
  override: { minLength: 1, maxLength: KEY_BYTES_MAX },
}

/** The schema of a key, wherever one is expected. */
export const keySchema = z.string({ error: 'must be a string' }).check(check(keyFault)).meta(KEY_META)

/**
 * Keys in [from, to), byte by byte in UTF-8, which is also the order of code points and what `collate "C"` compares.
 * `to` is null where no text is above: past a last U+10FFFF.
 */
export type KeyRange = { readonly from: string; readonly to: string | null }

/**
 * The least text above every text that begins with `prefix`; null when there is none. It is well-formed when `prefix`
 * is: the last code point is raised by one, over the surrogates, which UTF-8 cannot write. A code point that cannot be
 * raised is dropped, and the one before it is raised.
 */
export function successorOf(prefix: string): string | null {
  const points = Array.from(prefix, (character) => must(character.codePointAt(0), 'a code point'))
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last < LAST_POINT) {
      return String.fromCodePoint(...points, last === BEFORE_SURROGATES ? AFTER_SURROGATES : last + 1)
    }
  }
  return null
}

const LAST_POINT = 0x10ffff
const BEFORE_SURROGATES = 0xd7ff
const AFTER_SURROGATES = 0xe000

/** All keys that begin with a text, whether or not it ends with a segment. */
export function keysFrom(prefix: string): KeyRange {
  return { from: prefix, to: successorOf(prefix) }
}

/** The range of one key. No key has U+0000 or U+0001, so no other key is in it. */
export function keyAlone(key: string): KeyRange {
  return { from: key, to: `${key}\u0001` }
}

/**
 * The keys that begin with a text and that a grant covers, in whole segments. That is one range; or it is two, the
 * grant's own key and its children, because keys of others may be between them (`site/acme`, `site/acme-corp`,
 * `site/acme/blog`). [S2]
 *
 * @param grant null for all keys.
 * @returns undefined when no key whatever can be both.
 */
export function keysUnder(prefix: string, grant: string | null): readonly KeyRange[] | undefined {
  if (grant === null || prefix.startsWith(`${grant}/`)) return [keysFrom(prefix)]
  return grant.startsWith(prefix) ? [keyAlone(grant), keysFrom(`${grant}/`)] : undefined
}

/**
 * The part of a prefix before the segments by which a list is grouped: all up to its last `/`. An empty segment is one
 * too, so that the key of a group and a `/` are always the prefix of the keys in it.
 */
export function groupBase(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1)
}
