import { FLIGHT_BYTES_MAX } from '../limits.ts'
import { Accumulator, cellBytes } from '../model/accumulator.ts'
import { cellOf } from '../model/cell.ts'
import type { Hour } from '../model/hour.ts'
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

/** Splits a request by shard; `hours` are the increments' own, in their order. [K2] */
export function splitByShard(
  increments: readonly Increment[],
  hours: readonly Hour[],
  shards: Schedule,
): Part[] {
  const parts: Part[] = []
  /** The part of each shard that still has room. */
  const open = new Map<string, Part>()
  for (const [index, { key, value }] of increments.entries()) {
    const hour = hours[index] as Hour
    const shard = formatShardName({ hour, slot: slotOf(key, hour, shards) })
    let part = open.get(shard)
    if (part === undefined || part.cells.bytes + cellBytes(key) > FLIGHT_BYTES_MAX) {
      part = { shard, cells: new Accumulator(), indexes: [] }
      open.set(shard, part)
      parts.push(part)
    }
    part.cells.add(key, cellOf(value))
    part.indexes.push(index)
  }
  return parts
}
