import { isUtf8 } from 'node:buffer'

/** The byte that a backslash and a letter stand for in a log (Apache's `ap_escape_logitem`), except `\xHH`. */
const ESCAPED: Readonly<Record<string, number>> = {
  b: 0x08,
  t: 0x09,
  n: 0x0a,
  v: 0x0b,
  f: 0x0c,
  r: 0x0d,
  '"': 0x22,
  '\\': 0x5c,
}

const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/
const CONTROL = /\p{Cc}/u

/**
 * The text of one field of a log line. A byte that is not part of well-formed UTF-8, and a control character, becomes
 * `%HH`: in a URL that is the same resource spelled out, so the request is counted, and the text is always fit for a key.
 *
 * @param field a byte string (one character per byte, as `latin1` decodes it), still escaped as the server wrote it: Apache
 *   and nginx both write bytes outside of printable ASCII as `\xHH`. An escape that nobody writes (`\q`) stays as it is.
 */
export function fieldText(field: string): string {
  if (PLAIN.test(field)) return field
  return spellOut(Buffer.from(unescaped(field), 'latin1'))
}

function unescaped(field: string): string {
  return field.replace(/\\(?:x([0-9a-fA-F]{2})|([btnvfr"\\]))/g, (_, hex?: string, letter?: string) =>
    String.fromCharCode(hex === undefined ? (ESCAPED[letter ?? ''] ?? 0) : Number.parseInt(hex, 16)),
  )
}

/** The text of bytes that are not escaped, fit for a key. */
export function spellOut(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const sequence = bytes.subarray(at, at + sequenceLength(bytes[at] ?? 0))
    const character = isUtf8(sequence) ? sequence.toString('utf8') : ''
    const used = character === '' ? 1 : sequence.length
    text += character === '' || CONTROL.test(character) ? percent(bytes.subarray(at, at + used)) : character
    at += used
  }
  return text
}

/** Bytes that a UTF-8 sequence with this first byte has; 1 for a byte that cannot be a first one. */
function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4
  if (first >= 0xe0) return 3
  return first >= 0xc0 ? 2 : 1
}

function percent(bytes: Buffer): string {
  return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}
