import { KEY_BYTES_MAX, KNOWN_TEXT_BYTES_MAX, KNOWN_TEXTS_MAX } from '../../../limits.ts'
import { isShortAscii } from '../../../model/key.ts'
import { hashKey } from '../../../model/shard-name.ts'

/** So many neighbouring slots are looked at for a text. Hashes may collide on purpose, and each look costs time. */
const PROBES_MAX = 8

/** Slots of the table, as a power of two: twice the texts. */
const SLOT_BITS = Math.ceil(Math.log2(2 * KNOWN_TEXTS_MAX))

/** 2^32 divided by the golden ratio, and odd: the high bits of a product with it depend on all bits of the hash. */
const GOLDEN = 0x9e3779b1

/** Makes the text of some bytes; undefined where they have none that may be kept. It depends on these bytes alone. */
export type TextOfBytes = (body: DataView, from: number, to: number) => string | undefined

/**
 * Texts that came before, plain keys or labels, found by the bytes that they were made of. So a text is made, checked and
 * hashed once and not with each increment; and a Map that has been asked for a text finds that very text again quicker
 * than an equal one. The texts that are known change nothing but speed.
 *
 * Numbers in the tables are read without a check, by `as`: they are within, and checks made a body a fifth slower to
 * read.
 */
export class KnownTexts {
  /** Each text, by its number, from 0. */
  readonly texts: string[] = []
  /** `hashKey` of each text, by its number. */
  readonly hashes: number[] = []
  /** How many texts were ever learned. */
  learned = 0
  readonly #textOf: TextOfBytes
  /** The number of each slot's text plus one; 0 for an empty slot. */
  readonly #slots = new Int32Array(1 << SLOT_BITS)
  /** Where the bytes of each text end; they begin where those of the one before end. */
  readonly #ends = new Int32Array(KNOWN_TEXTS_MAX)
  readonly #bytes = new DataView(new ArrayBuffer(KNOWN_TEXT_BYTES_MAX))

  constructor(textOf: TextOfBytes) {
    this.#textOf = textOf
  }

  /**
   * The number of the text of some bytes. The number holds until a text comes that is not known.
   *
   * @param from the place of the first byte.
   * @param to the place behind the last one.
   * @param hash any hash that depends on these bytes alone.
   * @returns -1 where there is no text.
   */
  numberOf(body: DataView, from: number, to: number, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = Math.imul(hash, GOLDEN) >>> (32 - SLOT_BITS)
    for (let probe = 1; ; probe++) {
      const number = (slots[slot] as number) - 1
      if (number < 0) break
      if (this.#is(number, body, from, to)) return number
      if (probe === PROBES_MAX) break
      slot = (slot + 1) & mask
    }
    return this.#learn(body, from, to, slot)
  }

  #is(number: number, body: DataView, from: number, to: number): boolean {
    const known = this.#bytes
    let at = this.#beginOf(number)
    if ((this.#ends[number] as number) - at !== to - from) return false
    let i = from
    for (; i + 4 <= to; i += 4, at += 4) if (known.getInt32(at) !== body.getInt32(i)) return false
    for (; i < to; i++, at++) if (known.getUint8(at) !== body.getUint8(i)) return false
    return true
  }

  #beginOf(number: number): number {
    return number === 0 ? 0 : (this.#ends[number - 1] as number)
  }

  #learn(body: DataView, from: number, to: number, slot: number): number {
    const text = this.#textOf(body, from, to)
    if (text === undefined) return -1
    const number = this.texts.length
    const begin = this.#beginOf(number)
    if (number >= KNOWN_TEXTS_MAX || begin + to - from > KNOWN_TEXT_BYTES_MAX) {
      this.#forget()
      return this.#learn(body, from, to, slot)
    }
    for (let i = 0; i < to - from; i++) this.#bytes.setUint8(begin + i, body.getUint8(from + i))
    this.#ends[number] = begin + to - from
    this.learned += 1
    // Where all of the slots that were looked at are taken, the last of them has the new text from now on.
    this.#slots[slot] = number + 1
    this.texts.push(text)
    this.hashes.push(hashKey(text))
    return number
  }

  /** Forgets all texts, because finding out which are still in use would cost more than learning those again. */
  #forget(): void {
    this.#slots.fill(0)
    this.texts.length = 0
    this.hashes.length = 0
  }
}

/** A multiplier of MurmurHash3: it is odd, and its bits are well mixed. */
export const SPREAD = 0x85ebca6b

/** A hash for `numberOf`. */
export function hashOfBytes(body: DataView, from: number, to: number): number {
  let hash = 0
  let at = from
  for (; at + 4 <= to; at += 4) hash = Math.imul(hash ^ body.getInt32(at), SPREAD) ^ (hash >>> 15)
  for (; at < to; at++) hash = Math.imul(hash ^ body.getUint8(at), SPREAD)
  return hash ^ (hash >>> 15)
}

/** The text of a key between two quotes; undefined when it is not plain, or when JSON writes it in another way. */
export function plainKey(body: DataView, from: number, to: number): string | undefined {
  if (to - from > KEY_BYTES_MAX) return undefined
  const bytes = new Uint8Array(body.buffer, body.byteOffset + from, to - from)
  // Not spread, because that makes an array first, which takes longer than all the rest.
  const text: string = Reflect.apply(String.fromCharCode, undefined, bytes)
  return isShortAscii(text) && !text.includes('\\') ? text : undefined
}
