import { KEY_BYTES_MAX, KNOWN_KEY_BYTES_MAX, KNOWN_KEYS_MAX } from '../../../limits.ts'
import { isShortAscii } from '../../../model/key.ts'
import { hashKey } from '../../../model/shard-name.ts'

/** So many neighbouring slots are looked at for a key. Hashes may collide on purpose, and each look costs time. */
const PROBES_MAX = 8

/** Slots of the table, as a power of two: twice the keys. */
const SLOT_BITS = Math.ceil(Math.log2(2 * KNOWN_KEYS_MAX))

/** 2^32 divided by the golden ratio, and odd: the high bits of a product with it depend on all bits of the hash. */
const GOLDEN = 0x9e3779b1

/**
 * Plain keys that came before, found by their bytes. So a text is made, checked and hashed once and not with each
 * increment; and a Map that has been asked for a text finds that very text again quicker than an equal one. The keys
 * that are known change nothing but speed.
 *
 * Numbers in the tables are read without a check, by `as`: they are within, and checks made a body a fifth slower to
 * read.
 */
export class KnownKeys {
  /** The text of each key, by its number, from 0. */
  readonly texts: string[] = []
  /** `hashKey` of each key, by its number. */
  readonly hashes: number[] = []
  /** How many keys were ever learned. */
  learned = 0
  /** The number of each slot's key plus one; 0 for an empty slot. */
  readonly #slots = new Int32Array(1 << SLOT_BITS)
  /** Where each key ends among the bytes; it begins where the one before ends. */
  readonly #ends = new Int32Array(KNOWN_KEYS_MAX)
  readonly #bytes = new DataView(new ArrayBuffer(KNOWN_KEY_BYTES_MAX))

  /**
   * The number of the key between two quotes. The number holds until a key comes that is not known.
   *
   * @param from the place of the key's first byte, after a quote.
   * @param to the place of the quote after it.
   * @param hash any hash that depends on the key's bytes alone.
   * @returns -1 for a key that is not plain.
   */
  numberOf(body: DataView, from: number, to: number, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = Math.imul(hash, GOLDEN) >>> (32 - SLOT_BITS)
    for (let probe = 1; ; probe++) {
      const key = (slots[slot] as number) - 1
      if (key < 0) break
      if (this.#is(key, body, from, to)) return key
      if (probe === PROBES_MAX) break
      slot = (slot + 1) & mask
    }
    return this.#learn(body, from, to, slot)
  }

  #is(key: number, body: DataView, from: number, to: number): boolean {
    const known = this.#bytes
    let at = this.#beginOf(key)
    if ((this.#ends[key] as number) - at !== to - from) return false
    let i = from
    for (; i + 4 <= to; i += 4, at += 4) if (known.getInt32(at) !== body.getInt32(i)) return false
    for (; i < to; i++, at++) if (known.getUint8(at) !== body.getUint8(i)) return false
    return true
  }

  #beginOf(key: number): number {
    return key === 0 ? 0 : (this.#ends[key - 1] as number)
  }

  #learn(body: DataView, from: number, to: number, slot: number): number {
    const text = textOf(body, from, to)
    if (text === undefined) return -1
    const key = this.texts.length
    const begin = this.#beginOf(key)
    if (key >= KNOWN_KEYS_MAX || begin + to - from > KNOWN_KEY_BYTES_MAX) {
      this.#forget()
      return this.#learn(body, from, to, slot)
    }
    for (let i = 0; i < to - from; i++) this.#bytes.setUint8(begin + i, body.getUint8(from + i))
    this.#ends[key] = begin + to - from
    this.learned += 1
    // Where all of the slots that were looked at are taken, the last of them has the new key from now on.
    this.#slots[slot] = key + 1
    this.texts.push(text)
    this.hashes.push(hashKey(text))
    return key
  }

  /** Forgets all keys, because finding out which are still in use would cost more than learning those again. */
  #forget(): void {
    this.#slots.fill(0)
    this.texts.length = 0
    this.hashes.length = 0
  }
}

/** The text of a key; undefined when it is not plain, or when JSON writes it in another way. */
function textOf(body: DataView, from: number, to: number): string | undefined {
  if (to - from > KEY_BYTES_MAX) return undefined
  const bytes = new Uint8Array(body.buffer, body.byteOffset + from, to - from)
  // Not spread, because that makes an array first, which takes longer than all the rest.
  const text: string = Reflect.apply(String.fromCharCode, undefined, bytes)
  return isShortAscii(text) && !text.includes('\\') ? text : undefined
}
