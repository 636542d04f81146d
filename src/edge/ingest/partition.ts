import { FLIGHT_BYTES_MAX } from '../../limits.ts'
import { Accumulator } from '../../model/accumulator.ts'
import { CELL_BYTES_MAX, plainCellBytes } from '../../model/cell.ts'
import { Cells } from '../../model/cells.ts'
import type { NamedEntry, UnnamedEntry } from '../../model/entry.ts'
import { addUnnamed, idOfIncrement, idOfRequest, noneUnnamed } from '../../model/entry.ts'
import type { Hour } from '../../model/hour.ts'
import type { Schedule } from '../../model/schedule.ts'
import { valueAt } from '../../model/schedule.ts'
import { formatShardName, slotOf, slotOfHash } from '../../model/shard-name.ts'
import type { PlainIncrements } from './fast-path/plain-body.ts'
import type { Increment } from './increment.ts'

/** The part of a request that goes to one shard, small enough for a flight unless it is one named entry. */
export type Part = {
  readonly shard: string
  readonly unnamed: UnnamedEntry
  /** The request's items in `unnamed`. */
  readonly indexes: number[]
  readonly named: NamedEntry[]
  /** The request's items in each of `named`. */
  readonly namedIndexes: number[][]
}

/** The name that a whole request has by its token's name and its Idempotency-Key, and what tells its content from another's. */
export type RequestName = { readonly token: string; readonly key: string; readonly content: string }

/**
 * Splits a request by shard. [K2] An increment with an id is an entry of its own; a request with a name is one
 * entry in each of its shards.
 */
export function splitByShard(
  increments: readonly Increment[],
  shards: Schedule,
  request: RequestName | undefined = undefined,
  flightBytes = FLIGHT_BYTES_MAX,
): Part[] {
  const parts: Part[] = []
  /** The part of each shard that still has room, by hour and slot: to name a shard for each item would cost most of all. */
  const open = new Map<number, Part>()
  let place = -1
  let part: Part | undefined
  for (let index = 0; index < increments.length; index++) {
    const { key, value, hour, id } = increments[index] as Increment
    const slot = slotOf(key, hour, shards)
    const itsPlace = hour * SLOTS_MAX + slot
    // Neighbours nearly always share a shard, and a look into the map costs as much as all the rest.
    if (itsPlace !== place) part = open.get(itsPlace)
    place = itsPlace
    // What a request's name holds together is never cut.
    if (part === undefined || (request === undefined && isCrowded(part, flightBytes))) {
      part = openPart(formatShardName({ hour, slot }))
      open.set(place, part)
      parts.push(part)
    }
    if (id === undefined) {
      addUnnamed(part.unnamed, key, value)
      part.indexes.push(index)
    } else addNamed(part, index, key, value, id)
  }
  return request === undefined ? parts : parts.map((each) => nameWhole(each, request))
}

/** The same of increments that all count in one hour and have no ids. */
export function splitPlain(plain: PlainIncrements, hour: Hour, shards: Schedule): Part[] {
  const count = valueAt(shards, hour)
  const bytes = plain.keys.reduce((sum, key) => sum + plainCellBytes(key), 0)
  if (count === 1 && bytes <= FLIGHT_BYTES_MAX)
    return [wholePart(plain, bytes, formatShardName({ hour, slot: 0 }))]
  const parts: Part[] = []
  const open: (Part | undefined)[] = []
  for (let index = 0; index < plain.keys.length; index++) {
    const slot = slotOfHash(plain.hashes[index] ?? 0, count)
    let part = open[slot]
    if (part === undefined || isCrowded(part)) {
      part = openPart(formatShardName({ hour, slot }))
      open[slot] = part
      parts.push(part)
    }
    addUnnamed(part.unnamed, plain.keys[index] ?? '', plain.values[index] ?? 0)
    part.indexes.push(index)
  }
  return parts
}

/** Its items are asked for only when something went wrong. */
function wholePart({ keys, values }: PlainIncrements, bytes: number, shard: string): Part {
  const unnamed = { keys, values, bytes, isPlain: true }
  return {
    shard,
    unnamed,
    get indexes() {
      return Array.from(keys.keys())
    },
    named: [],
    namedIndexes: [],
  }
}

/** More than any hour's shard count, so that hour and slot make one number. */
const SLOTS_MAX = 2 ** 20

function openPart(shard: string): Part {
  return { shard, unnamed: noneUnnamed(), indexes: [], named: [], namedIndexes: [] }
}

/** A named entry takes its cell and once more its key, in its id. */
function isCrowded({ unnamed, named }: Part, flightBytes = FLIGHT_BYTES_MAX): boolean {
  return unnamed.bytes + (named.length + 1) * 2 * CELL_BYTES_MAX > flightBytes
}

function addNamed(part: Part, index: number, key: string, value: number, id: string): void {
  const cells = new Cells([key], [value], [1], [value], [value])
  part.named.push({ id: idOfIncrement(id, key), content: String(value), cells })
  part.namedIndexes.push([index])
}

function nameWhole({ shard, unnamed, indexes }: Part, { token, key, content }: RequestName): Part {
  const cells = new Accumulator()
  cells.addEntry(unnamed)
  const entry = { id: idOfRequest(token, key), content, cells: cells.cells }
  return { ...openPart(shard), named: [entry], namedIndexes: [indexes] }
}
