import { FLIGHT_BYTES_MAX } from '../limits.ts'
import { Accumulator, CELL_BYTES_MAX } from '../model/accumulator.ts'
import { cellOf } from '../model/cell.ts'
import type { Increment } from '../model/increment.ts'
import type { Schedule } from '../model/schedule.ts'
import { formatShardName, slotOf } from '../model/shard-name.ts'

/** The part of a request that goes to one shard, small enough for a flight. */
export type Part = {
  readonly shard: string
  readonly cells: Accumulator
  /** The request's items in it. */
  readonly indexes: number[]
}

/** Splits a request by shard. [K2] */
export function splitByShard(increments: readonly Increment[], shards: Schedule): Part[] {
  const parts: Part[] = []
  /** The part of each shard that still has room, by hour and slot: to name a shard for each item would cost most of all. */
  const open = new Map<number, Part>()
  for (const [index, { key, value, hour }] of increments.entries()) {
    const slot = slotOf(key, hour, shards)
    const place = hour * SLOTS_MAX + slot
    let part = open.get(place)
    if (part === undefined || part.cells.bytes + CELL_BYTES_MAX > FLIGHT_BYTES_MAX) {
      part = { shard: formatShardName({ hour, slot }), cells: new Accumulator(), indexes: [] }
      open.set(place, part)
      parts.push(part)
    }
    part.cells.add(key, cellOf(value))
    part.indexes.push(index)
  }
  return parts
}

/** More than any hour's shard count, so that hour and slot make one number. */
const SLOTS_MAX = 2 ** 20
