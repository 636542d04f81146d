import { LEARNED_KEY_BYTES, LEARNED_KEYS_MAX, LEARNED_KEYS_MIN, REQUEST_ITEMS_MAX } from '../../../limits.ts'
import type { Hour } from '../../../model/hour.ts'
import type { CheckedIncrements } from '../checked-increments.ts'
import { CLOSE_ARRAY, CLOSE_OBJECT, COMMA, NINE, OPEN_ARRAY, QUOTE, SPACE, ZERO } from '../json-bytes.ts'
import { type KnownTexts, SPREAD } from './known-texts.ts'

/** So many digits make a safe integer, whatever they are. */
const DIGITS_MAX = 15

/** The bytes of `{"key":"a"}` and of the bracket after it. So many can be looked at from where an item begins. */
const ITEM_BYTES_MIN = 12

/** The bytes of `"value":1}` and of the bracket after it. */
const VALUE_BYTES_MIN = 11

/**
 * Reads a body of the usual form: `[{"key":"...","value":1},...]` in JSON, with keys of plain ASCII and small positive
 * values or none, with or without a space after colons and commas. JSON.parse makes an object and a text of each item,
 * which are then checked, measured and thrown away, and that is most of the work for an array.
 *
 * @param hour the hour of arrival, in which all count.
 * @returns the increments that JSON.parse and the schema would make of the body [I2]; undefined for any other body, good or
 *   bad, and for one with many keys that are not known yet, which are left to those two.
 */
export function readPlainBody(
  bytes: Uint8Array,
  known: KnownTexts,
  hour: Hour,
): CheckedIncrements | undefined {
  if (bytes[0] !== OPEN_ARRAY) return undefined
  const itemsMax = Math.min(REQUEST_ITEMS_MAX, Math.ceil(bytes.length / ITEM_BYTES_MIN))
  const columns = {
    keys: roomFor<string>(itemsMax),
    values: roomFor<number>(itemsMax),
    hashes: roomFor<number>(itemsMax),
  }
  const items = readItems(bytes, known, columns, itemsMax)
  if (items === 0) return undefined
  for (const column of Object.values(columns)) column.length = items
  const { keys, values, hashes } = columns
  return { keys, values, isPlain: true, hours: hour, hashes }
}

type Columns = { readonly keys: string[]; readonly values: number[]; readonly hashes: number[] }

/** Makes room for a column at once, because a column that grows as it is filled costs as much again. */
function roomFor<T>(items: number): T[] {
  return new Array(items)
}

/**
 * Reads the items, in one loop, because with a function or method for each field it took half as long again.
 *
 * @returns how many items there are; 0 for a body that is not plain.
 */
function readItems(bytes: Uint8Array, known: KnownTexts, columns: Columns, itemsMax: number): number {
  const { keys, values, hashes } = columns
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length
  // Learning more keys of this body would take longer than parsing it.
  const learnedMax =
    known.learned + Math.min(LEARNED_KEYS_MAX, LEARNED_KEYS_MIN + Math.floor(end / LEARNED_KEY_BYTES))
  let at = 1
  for (let items = 0; items < itemsMax && at + ITEM_BYTES_MIN <= end; ) {
    const from = afterKeyName(view, at)
    if (from < 0) return 0
    let to = from
    let hash = 0
    for (let word = 0; to + 4 <= end; to += 4) {
      word = view.getInt32(to)
      if (hasQuote(word)) break
      hash = Math.imul(hash ^ word, SPREAD) ^ (hash >>> 15)
    }
    // Past the end there is no byte, which ends the key; then there is no room for the brackets after it.
    for (let byte = bytes[to] ?? QUOTE; byte !== QUOTE; byte = bytes[++to] ?? QUOTE) {
      hash = Math.imul(hash ^ byte, SPREAD)
    }
    // After the quote there are at least the brackets that end the item and the array.
    if (to + 2 >= end) return 0
    const key = known.numberOf(view, from, to, hash ^ (hash >>> 15))
    if (key < 0 || known.learned > learnedMax) return 0
    let value = 1
    at = to + 1
    if (bytes[at] === COMMA) {
      const digits = at + 1 + VALUE_BYTES_MIN <= end ? afterValueName(view, at + 1) : -1
      // JSON has no leading zeros, and zero itself is not a good value.
      if (digits < 0 || bytes[digits] === ZERO) return 0
      value = 0
      at = digits
      // Past the end there is no byte, which ends the digits.
      for (let byte = bytes[at] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[++at] ?? 0) {
        value = value * 10 + byte - ZERO
      }
      if (at === digits || at > digits + DIGITS_MAX) return 0
    }
    if (bytes[at] !== CLOSE_OBJECT) return 0
    keys[items] = known.texts[key] as string
    values[items] = value
    hashes[items] = known.hashes[key] as number
    items += 1
    const next = bytes[at + 1]
    if (next === CLOSE_ARRAY) return at + 2 === end ? items : 0
    if (next !== COMMA) return 0
    at = bytes[at + 2] === SPACE ? at + 3 : at + 2
  }
  return 0
}

/** Whether one of four bytes is a quote. Source: Bit Twiddling Hacks, "Determine if a word has a zero byte". */
function hasQuote(word: number): boolean {
  const difference = word ^ 0x22222222
  return ((difference - 0x01010101) & ~difference & 0x80808080) !== 0
}

/** The place after `{"key":"`, or -1 where something else is. */
function afterKeyName(view: DataView, at: number): number {
  // {"ke, and ey":
  if (view.getInt32(at) !== 0x7b226b65 || view.getInt32(at + 3) !== 0x6579223a) return -1
  const quote = afterSpace(view, at + 7)
  return view.getUint8(quote) === QUOTE ? quote + 1 : -1
}

/** The place after `"value":`, or -1 where something else is. */
function afterValueName(view: DataView, from: number): number {
  const at = afterSpace(view, from)
  // "val, and ue":
  if (view.getInt32(at) !== 0x2276616c || view.getInt32(at + 4) !== 0x7565223a) return -1
  return afterSpace(view, at + 8)
}

function afterSpace(view: DataView, at: number): number {
  return view.getUint8(at) === SPACE ? at + 1 : at
}
