import { JSON_DEPTH_MAX } from '../../limits.ts'

const LINE_FEED = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Finds an item that is nested too deeply to be parsed: JSON.parse takes 0.9 s for 4 MiB of brackets, and 10 ms for as
 * much of anything else.
 *
 * @param isLines whether each line is an item, as in NDJSON.
 * @returns the item's index; undefined for a body without such an item, and for text that is not JSON, perhaps.
 */
export function findTooDeep(body: Uint8Array, isLines: boolean): number | undefined {
  let depth = 0
  let index = 0
  let isArray = false
  let isBlank = true
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (byte === QUOTE) {
      i = endOfText(body, i)
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (depth === 0) isArray = byte === OPEN_ARRAY
      depth += 1
      isBlank = false
      if (depth > JSON_DEPTH_MAX) return index
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth -= 1
    } else if (byte === COMMA) {
      if (depth === 1 && isArray && !isLines) index += 1
    } else if (byte === LINE_FEED && isLines) {
      if (!isBlank) index += 1
      depth = 0
      isBlank = true
    }
  }
  return undefined
}

/** The place of the quote that ends a text; of the line's end or the body's end, where there is none. */
function endOfText(body: Uint8Array, from: number): number {
  for (let i = from + 1; i < body.length; i++) {
    const byte = body[i]
    if (byte === BACKSLASH) i += 1
    else if (byte === QUOTE) return i
    // JSON has no line feed in a text, so the next line is not part of this one.
    else if (byte === LINE_FEED) return i - 1
  }
  return body.length
}
