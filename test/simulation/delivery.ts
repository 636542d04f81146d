import type { ContentName } from '../../src/edge/ingest/delivery/content-name.ts'
import { type DeliveryPart, partsOf } from '../../src/edge/ingest/delivery/parts.ts'
import { Accumulator } from '../../src/model/accumulator.ts'
import type { Hour } from '../../src/model/hour.ts'
import type { Schedule } from '../../src/model/schedule.ts'
import { formatShardName, slotOf } from '../../src/model/shard-name.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import type { Increment } from '../support/increments.ts'
import type { Book } from './book.ts'
import type { Entry } from './entry.ts'
import { SMALL_COALESCER } from './limits.ts'
import type { Aboard } from './request.ts'
import { placeOf } from './tables.ts'

/** A delivery in a foreign format, which is named by its content. [N1] */
export class Delivery {
  readonly name: ContentName
  #increments: readonly Increment[]

  constructor(name: ContentName, increments: readonly Increment[]) {
    this.name = name
    this.#increments = increments
  }

  get increments(): readonly Increment[] {
    return this.#increments
  }

  /**
   * Leaves out the increments that are refused now, as those of an hour that has closed since. Their records are in the
   * bytes for ever, and the name stays. [N2] @returns how many.
   */
  refuse(isRefused: (increment: Increment) => boolean): number {
    const before = this.#increments.length
    this.#increments = this.#increments.filter((increment) => !isRefused(increment))
    return before - this.#increments.length
  }

  /** The parts that its shards get. */
  parts(shards: Schedule): DeliveryPart[] {
    const sums = new Map<Hour, Accumulator>()
    for (const increment of this.#increments) {
      const sum = sums.get(increment.hour) ?? new Accumulator()
      sums.set(increment.hour, sum)
      sum.add(sliceOf(increment), increment.value)
    }
    const nothing = { unnamed: new Map(), named: [] }
    return partsOf({ sums, ...nothing }, this.name, shards, SMALL_COALESCER.flightBytes)
  }

  /**
   * Enters that a part is sent. Each of its increments is an entry of the book's own, because a part that comes again with
   * fewer increments is the same part.
   */
  enter(book: Book, { shard, entries }: DeliveryPart, shards: Schedule): Aboard {
    const isOfShard = ({ key, hour }: Increment) =>
      formatShardName({ hour, slot: slotOf(key, hour, shards) }) === shard
    const here = this.#increments.filter(isOfShard)
    const named = entries.map(({ entry: { id, cells } }) =>
      here
        .filter((increment) => cells.keys.includes(sliceOf(increment)))
        .map((increment) => {
          const place = placeOf(increment.key, increment.hour)
          return book.enter(`${shard} ${id} ${place} ${increment.value}`, '', [increment])
        }),
    )
    // When the delivery has come without an increment meanwhile, that may have been what counts.
    const mayMiss = ({ increments }: Entry) => increments.some((each) => !this.#increments.includes(each))
    return { unnamed: [], named, rule: '[N1]', mayMiss }
  }
}

function sliceOf({ key, labels }: Increment): string {
  return `${key}${labelsText(labels)}`
}
