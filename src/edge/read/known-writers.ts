import type { Clock } from '../../clock.ts'
import { ALONE_MS, KNOWN_WRITERS_MAX } from '../../limits.ts'

/**
 * The writers that shards had when this isolate last asked them. A guess: whoever uses it compares it with what the shards
 * say. Once there are too many they are all forgotten, because hours pass and their shards are not asked again.
 */
export class KnownWriters {
  readonly #byShard = new Map<string, { readonly writer: string; askedMs: number }>()
  readonly #clock: Pick<Clock, 'now'>

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  learn(shard: string, writer: string): void {
    if (this.#byShard.size >= KNOWN_WRITERS_MAX) this.#byShard.clear()
    this.#byShard.set(shard, { writer, askedMs: this.#clock.now() })
  }

  /**
   * The writers of these shards, which let a read ask Postgres and the shards at the same time. Undefined when a writer is not
   * known, or when another read has just asked one of the shards: reads that share that call then share the query too, which
   * takes less processor time than a query each.
   */
  of(shards: readonly string[]): readonly string[] | undefined {
    const nowMs = this.#clock.now()
    const known = shards.flatMap((shard) => this.#byShard.get(shard) ?? [])
    const isAlone =
      known.length === shards.length && known.every(({ askedMs }) => nowMs - askedMs >= ALONE_MS)
    for (const each of known) each.askedMs = nowMs
    return isAlone ? known.map(({ writer }) => writer) : undefined
  }
}
