import { KEY_BYTES_MAX, LABEL_VALUE_BYTES_MAX } from '../../limits.ts'
import { isShortAscii } from '../key.ts'
import type { Labels } from '../slices/slice.ts'
import { LABEL_MARK } from '../slices/slice.ts'
import { utf8Bytes } from '../text/utf8.ts'

/** Hexadecimal digits of a shortened key's hash: 64 bits, so that two long paths that begin alike stay two keys. */
const HASH_DIGITS = 16

/** SHA-256 of a text in UTF-8, in hexadecimal digits. */
export type HashText = (text: string) => string

/**
 * A key that can be counted, whatever strangers put into the fields that it is made of, because one of them must not leave
 * a record uncounted. Control characters become `%HH`, and half characters U+FFFD. A key that is too long becomes its own
 * beginning, `~`, and the start of its hash.
 */
export function fitKey(text: string, hash: HashText): string {
  return fitText(text, KEY_BYTES_MAX, hash)
}

/** Labels that can be counted, in the form of `labelsText`, likewise. A label without a value is left out. */
export function fitLabels(labels: Labels, hash: HashText): string {
  let text = ''
  const byName = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of byName) text += fitLabel(name, value, hash)
  return text
}

/** One of the labels that make up the text of `fitLabels`, in the order of their names. */
export function fitLabel(name: string, value: string, hash: HashText): string {
  return value === '' ? '' : `${LABEL_MARK}${name}=${fitText(value, LABEL_VALUE_BYTES_MAX, hash)}`
}

function fitText(text: string, bytesMax: number, hash: HashText): string {
  // Nearly all are, keys and the values of labels alike.
  if (text.length <= bytesMax && isShortAscii(text)) return text
  const clean = text.toWellFormed().replace(/\p{Cc}/gu, percent)
  if (utf8Bytes(clean) <= bytesMax) return clean
  return `${beginning(clean, bytesMax - HASH_DIGITS - 1)}~${hash(clean).slice(0, HASH_DIGITS)}`
}

/** Each control character's bytes as `%HH`, once they were asked for: a record may have a hundred thousand of them. */
const percents = new Map<string, string>()

function percent(control: string): string {
  const known = percents.get(control)
  if (known !== undefined) return known
  const bytes = new TextEncoder().encode(control)
  const text = Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  percents.set(control, text)
  return text
}

/** As many whole characters of a text as so many bytes of UTF-8 hold. */
function beginning(text: string, bytesMax: number): string {
  const bytes = new TextEncoder().encode(text)
  // A byte of the form 10xxxxxx continues a character.
  let end = bytesMax
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return new TextDecoder().decode(bytes.subarray(0, end))
}
