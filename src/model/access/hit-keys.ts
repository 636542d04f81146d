import { HIT_KEYS_MAX, HIT_KEYS_PER_PREFIX_MAX } from '../../limits.ts'
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

/** Keys of one prefix, and of all prefixes together. */
type HitLimits = { readonly ofPrefix: number; readonly ofAll: number }

const HIT_LIMITS: HitLimits = { ofPrefix: HIT_KEYS_PER_PREFIX_MAX, ofAll: HIT_KEYS_MAX }

/**
 * The keys of hits in one shard. Everyone may send hits, so a prefix gets so many keys there and no more: those that came
 * first, as far as the shard's instance remembers. A new instance begins with the keys that it holds. [S3]
 */
export class HitKeys {
  readonly #limits: HitLimits
  readonly #byPrefix = new Map<string, Set<string>>()
  #count = 0

  /** @param limits those of production, unless a test has smaller ones. */
  constructor(limits = HIT_LIMITS) {
    this.#limits = limits
  }

  /** @param held the keys of all cells that the shard holds, looked at when a prefix comes for the first time. */
  admit(prefix: string, key: string, held: () => Iterable<string>): HitAdmission {
    const keys = this.#byPrefix.get(prefix) ?? this.#begin(prefix, held())
    if (!keys.has(key) && !this.#isFull(keys)) {
      keys.add(key)
      this.#count += 1
    }
    return { isAdmitted: keys.has(key), all: this.#isFull(keys) ? [...keys] : null }
  }

  #begin(prefix: string, held: Iterable<string>): Set<string> {
    const keys = new Set<string>()
    for (const key of held) {
      if (this.#isFull(keys)) break
      if (covers(prefix, key) && key !== otherKey(prefix)) keys.add(key)
    }
    if (this.#count < this.#limits.ofAll) this.#byPrefix.set(prefix, keys)
    this.#count += keys.size
    return keys
  }

  #isFull(keys: ReadonlySet<string>): boolean {
    return keys.size >= this.#limits.ofPrefix || this.#count >= this.#limits.ofAll
  }
}
