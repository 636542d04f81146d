import type { Clock } from '../../src/clock.ts'
import { Coalescer } from '../../src/edge/coalesce/coalescer.ts'
import type { MergeAnswer } from '../../src/model/flight.ts'
import { keyOf } from '../../src/model/slices/slice.ts'
import { readArrival } from '../../src/shard/arrival.ts'
import { mergeFlights, refused } from '../../src/shard/merge.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { nodeSql } from './node-sql.ts'

/** Shards with the production store, each by its name, and a coalescer in front of them. */
export class CountingShards {
  readonly coalescer: Coalescer
  /** Asked before each flight: an answer in place of the shard's, or undefined. */
  before: (shard: string, flight: string) => MergeAnswer | undefined = () => undefined
  readonly #stores = new Map<string, ShardStore>()
  readonly #keys = new Set<string>()

  constructor(clock: Clock) {
    this.coalescer = new Coalescer({ clock, send: this.merge })
  }

  /** As the port of shards has it. */
  readonly merge = async (shard: string, flight: string): Promise<MergeAnswer> => {
    return this.before(shard, flight) ?? this.#merge(shard, flight)
  }

  get names(): string[] {
    return [...this.#stores.keys()].sort()
  }

  /** Names that all shards remember. */
  get ids(): number {
    return this.#stores.values().reduce((sum, store) => sum + store.holdings().ids, 0)
  }

  /** The sum of each key over all hours. */
  get sums(): Record<string, number> {
    const sumOf = (key: string) =>
      this.#stores.values().reduce((sum, store) => sum + (store.unsettled(key).open?.sum ?? 0n), 0n)
    const all = [...this.#keys].sort().map((key) => [key, Number(sumOf(key))] as const)
    return Object.fromEntries(all.filter(([, sum]) => sum !== 0))
  }

  /** The sum of each slice over all hours. */
  get slices(): Record<string, number> {
    const sums = new Map<string, bigint>()
    for (const { held } of this.#stores.values()) {
      for (const [slice, { sum }] of held.open.cells) sums.set(slice, (sums.get(slice) ?? 0n) + sum)
    }
    return Object.fromEntries(Array.from(sums, ([slice, sum]) => [slice, Number(sum)]))
  }

  #merge(shard: string, flight: string): MergeAnswer {
    const store = this.#stores.get(shard) ?? new ShardStore(nodeSql(), () => crypto.randomUUID())
    this.#stores.set(shard, store)
    const arrival = readArrival(flight)
    if (arrival === undefined) return refused('unknown_version')
    for (const { keys } of [arrival.cells, ...arrival.named.map(({ cells }) => cells)]) {
      for (const slice of keys) this.#keys.add(keyOf(slice))
    }
    const conditions = { nowMs: 0, closesMs: 1, isFull: () => false, hasRoomForLabels: () => true }
    return mergeFlights(store, [arrival], conditions)[0] ?? refused('full')
  }
}
