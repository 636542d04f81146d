import { KEY_BYTES_MAX, KNOWN_KEY_BYTES_MAX, KNOWN_KEYS_MAX } from '../../../limits.ts'
import { hashKey } from '../../../model/shard-name.ts'
import { isPlainKey } from '../item.ts'

/** Looks at so many neighbouring slots for a key. Hashes may collide on purpose, and the looks are paid for each time. */
const PROBES_MAX = 8

/** Slots of the table, as a power of two: twice the keys. */
const SLOT_BITS = Math.ceil(Math.log2(2 * KNOWN_KEYS_MAX))

/** Odd, and 2^32 divided by the golden ratio: the high bits of the product depend on all bits of the hash. */
const GOLDEN = 0x9e3779b1

/**
 * Plain keys that came before, found by their bytes: so a text is made, checked and hashed once and not with each
 * increment; and a Map that has been asked for a text finds that text again quicker than another of the same units.
 * What is known is a matter of speed alone.
 */
export class KnownKeys {
  /** By number of a key, from 0: what is known of it. */
  readonly texts: string[] = []
  /** `hashKey` of each. */
  readonly hashes: number[] = []
  /** How many were ever learned. */
  learned = 0
  /** Of each slot of the table the number of its key plus one; 0 for an empty one. */
  readonly #slots = new Int32Array(1 << SLOT_BITS)
  /** Where each key ends among the bytes; it begins where the one before ends. */
  readonly #ends = new Int32Array(KNOWN_KEYS_MAX)
  readonly #bytes = new DataView(new ArrayBuffer(KNOWN_KEY_BYTES_MAX))

  /**
   * The number of the key between two quotes. It holds until the next that is not known.
   *
   * @param from where its first byte stands, behind a quote.
   * @param to where the quote behind it stands.
   * @param hash any that depends on its bytes alone.
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
    // Where all of the slots looked at are taken, the last of them has a new key from now on.
    this.#slots[slot] = key + 1
    this.texts.push(text)
    this.hashes.push(hashKey(text))
    return key
  }

  /** All of them: to tell which are still in use would cost more than to learn those again. */
  #forget(): void {
    this.#slots.fill(0)
    this.texts.length = 0
    this.hashes.length = 0
  }
}

/** Undefined for what is not plain, or is not in JSON as it is. */
function textOf(body: DataView, from: number, to: number): string | undefined {
  if (to - from > KEY_BYTES_MAX) return undefined
  const bytes = new Uint8Array(body.buffer, body.byteOffset + from, to - from)
  // Spread, it would be made an array first, which takes longer than all the rest.
  const text: string = Reflect.apply(String.fromCharCode, undefined, bytes)
  return isPlainKey(text) && !text.includes('\\') ? text : undefined
}
