import { HIT_KEY_BYTES, HIT_KEYS_BYTES_MAX, HIT_KEYS_PER_PREFIX_MAX } from '../../limits.ts'
import { covers } from '../key.ts'

/** The key under which hits count when their prefix has no room for another key. */
export function otherKey(prefix: string): string {
  return `${prefix}/(other)`
}

/** A shard's word on a key that a hit wants to count under. */
export type HitAdmission = {
  readonly isAdmitted: boolean
  /** Every key that is admitted under the prefix, once there is room for no more; null until then. */
  readonly all: readonly string[] | null
}

/** An upper bound of the memory that it takes to remember a key. */
export function rememberedBytes(key: string): number {
  return 2 * key.length + HIT_KEY_BYTES
}

/** Keys of one prefix, and bytes of the keys of all prefixes. */
type HitLimits = { readonly keys: number; readonly bytes: number }

const HIT_LIMITS: HitLimits = { keys: HIT_KEYS_PER_PREFIX_MAX, bytes: HIT_KEYS_BYTES_MAX }

/**
 * The keys of hits in one shard. Everyone may send hits, so a prefix gets so many keys there and no more: those that came
 * first, as far as the shard's instance remembers. A new instance begins with the keys that it holds. [S3]
 */
export class HitKeys {
  readonly #limits: HitLimits
  readonly #byPrefix = new Map<string, Set<string>>()
  #bytes = 0

  /** @param limits those of production, unless a test has smaller ones. */
  constructor(limits = HIT_LIMITS) {
    this.#limits = limits
  }

  /** @param held the keys of all cells that the shard holds, looked at when a prefix comes for the first time. */
  admit(prefix: string, key: string, held: () => Iterable<string>): HitAdmission {
    const keys = this.#byPrefix.get(prefix) ?? this.#begin(prefix, held())
    if (!this.#isFull(keys)) this.#add(keys, key)
    return { isAdmitted: keys.has(key), all: this.#isFull(keys) ? [...keys] : null }
  }

  #begin(prefix: string, held: Iterable<string>): Set<string> {
    const keys = new Set<string>()
    for (const key of held) {
      if (this.#isFull(keys)) break
      if (covers(prefix, key) && key !== otherKey(prefix)) this.#add(keys, key)
    }
    // A prefix without any key, where there is no room, is not remembered either.
    if (keys.size > 0 || !this.#isFull(keys)) this.#byPrefix.set(prefix, keys)
    return keys
  }

  #add(keys: Set<string>, key: string): void {
    if (keys.has(key)) return
    keys.add(key)
    this.#bytes += rememberedBytes(key)
  }

  #isFull(keys: ReadonlySet<string>): boolean {
    return keys.size >= this.#limits.keys || this.#bytes >= this.#limits.bytes
  }
}
