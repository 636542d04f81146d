import type { Config } from '../../../config.ts'
import { HIT_KEYS_BYTES_MAX } from '../../../limits.ts'
import { otherKey, rememberedBytes } from '../../../model/access/hit-keys.ts'
import { type Hour, hourOf } from '../../../model/hour.ts'
import { formatShardName, slotOf } from '../../../model/shard-name.ts'
import type { Shards } from '../../ports.ts'

type Known = { keys: Set<string>; isFull: boolean }

/**
 * The keys that the shards of the current hour have admitted for hits. A shard is asked once for each key, and no more
 * when its prefix is full, so hits cost no call of their own. What counts under another key is decided here, before the
 * hit is routed like any increment. [S3] [K2]
 */
export class AdmittedKeys {
  readonly #admitHit: Shards['admitHit']
  readonly #shards: Config['shards']
  #hour: Hour | undefined
  /** By shard and prefix. */
  #known = new Map<string, Known>()
  #bytes = 0

  constructor({ admitHit }: Pick<Shards, 'admitHit'>, shards: Config['shards']) {
    this.#admitHit = admitHit
    this.#shards = shards
  }

  /** The key under which a hit counts: its own, or that of all others of its prefix. */
  async keyOf(prefix: string, key: string, nowMs: number): Promise<string> {
    const other = otherKey(prefix)
    if (key === other) return key
    const hour = hourOf(nowMs)
    if (hour !== this.#hour || this.#bytes >= HIT_KEYS_BYTES_MAX) this.#forget(hour)
    const shard = formatShardName({ hour, slot: slotOf(key, hour, this.#shards) })
    const known = this.#knownOf(`${shard}\n${prefix}`)
    if (known.keys.has(key)) return key
    if (known.isFull) return other
    const { isAdmitted, all } = await this.#admitHit(shard, prefix, key)
    this.#learn(known, all ?? (isAdmitted ? [key] : []))
    known.isFull = all !== null
    return isAdmitted ? key : other
  }

  #knownOf(group: string): Known {
    const before = this.#known.get(group)
    if (before !== undefined) return before
    const known = { keys: new Set<string>(), isFull: false }
    this.#known.set(group, known)
    return known
  }

  #learn({ keys }: Known, learned: readonly string[]): void {
    for (const key of learned) {
      if (!keys.has(key)) this.#bytes += rememberedBytes(key)
      keys.add(key)
    }
  }

  #forget(hour: Hour): void {
    this.#hour = hour
    this.#known = new Map()
    this.#bytes = 0
  }
}
