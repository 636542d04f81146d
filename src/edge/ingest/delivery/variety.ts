import { hashKey } from '../../../model/shard-name.ts'

/** Bits of each field's map: more than a delivery may have cells. */
const BITS = 65_536

/**
 * Tells which field of the records has the most values, for whoever must hear that there are too many cells. Each field
 * has a map of bits, one for the hash of each value; values that share a bit count as one, which does not matter here.
 */
export class Variety {
  readonly #fields = new Map<string, { readonly seen: Uint8Array; values: number }>()

  note(field: string, value: string): void {
    let known = this.#fields.get(field)
    if (known === undefined) {
      known = { seen: new Uint8Array(BITS / 8), values: 0 }
      this.#fields.set(field, known)
    }
    const bit = hashKey(value) % BITS
    const byte = known.seen[bit >> 3] ?? 0
    const mask = 1 << (bit & 7)
    if ((byte & mask) !== 0) return
    known.seen[bit >> 3] = byte | mask
    known.values += 1
  }

  /** The field with the most values; null when no field was noted. */
  most(): string | null {
    let [most, values] = [null as string | null, 0]
    for (const [field, known] of this.#fields)
      if (known.values > values) [most, values] = [field, known.values]
    return most
  }
}
