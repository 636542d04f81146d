import { FLIGHT_BYTES_MAX } from '../../limits.ts'
import { Accumulator } from '../../model/accumulator.ts'
import { must } from '../../model/assert.ts'
import { CELL_BYTES_MAX, cellBytes, SLICE_CELL_BYTES_MAX } from '../../model/cell.ts'
import { Cells } from '../../model/cells.ts'
import type { NamedEntry } from '../../model/entry.ts'
import { idOfIncrement, idOfRequest } from '../../model/entry.ts'
import type { Hour } from '../../model/hour.ts'
import type { Increments } from '../../model/increments.ts'
import { addIncrement, noIncrements } from '../../model/increments.ts'
import type { Schedule } from '../../model/schedule.ts'
import { valueAt } from '../../model/schedule.ts'
import { formatShardName, hashKey, slotOfHash } from '../../model/shard-name.ts'
import type { CheckedIncrements } from './checked-increments.ts'
import { hourAt } from './checked-increments.ts'

/** The part of a request that goes to one shard, small enough for a flight unless it is one named entry. */
export type Part = {
  readonly shard: string
  readonly unnamed: Increments
  /** The request's items in `unnamed`; null when they are all of its items, in their order. See `indexesOf`. */
  readonly indexes: number[] | null
  readonly named: NamedEntry[]
  /** The request's items in each of `named`. */
  readonly namedIndexes: number[][]
}

/**
 * The name of a whole request: its token's name, its Idempotency-Key, and a hash that tells its content from another's.
 */
export type RequestName = { readonly token: string; readonly key: string; readonly content: string }

/**
 * Splits a request by shard. [K2] An increment with an id is an entry of its own; a request with a name is one entry in
 * each of its shards, which is never cut.
 *
 * @param flightBytes the most that a part may take.
 */
export function partition(
  increments: CheckedIncrements,
  shards: Schedule,
  request: RequestName | undefined = undefined,
  flightBytes = FLIGHT_BYTES_MAX,
): Part[] {
  const partBytes = request === undefined ? flightBytes : Number.POSITIVE_INFINITY
  const parts = wholePart(increments, shards, partBytes) ?? partsByShard(increments, shards, partBytes)
  return request === undefined ? parts : parts.map((each) => nameWhole(each, request))
}

/**
 * Nearly every request goes to one shard as a whole, and then its columns are kept as they are.
 *
 * @returns undefined for any other.
 */
function wholePart(
  { keys, values, isPlain, hours, ids, labels }: CheckedIncrements,
  shards: Schedule,
  partBytes: number,
): Part[] | undefined {
  if (typeof hours !== 'number' || ids !== undefined || labels !== undefined || valueAt(shards, hours) > 1)
    return undefined
  let bytes = 0
  for (const key of keys) bytes += cellBytes(key, isPlain)
  if (bytes > partBytes) return undefined
  return [
    {
      shard: formatShardName({ hour: hours, slot: 0 }),
      unnamed: { keys, values, isPlain, bytes },
      indexes: null,
      named: [],
      namedIndexes: [],
    },
  ]
}

function partsByShard(increments: CheckedIncrements, shards: Schedule, partBytes: number): Part[] {
  const { keys, values, isPlain, ids, labels, hashes } = increments
  const cellBytesMax = labels === undefined ? CELL_BYTES_MAX : SLICE_CELL_BYTES_MAX
  const parts: Part[] = []
  /**
   * The part of each slot that still has room, by hour. Naming the shard of each item would cost more than all the
   * rest.
   */
  const byHour = new Map<Hour, (OpenPart | undefined)[]>()
  let lastHour: Hour | undefined
  let count = 0
  let bySlot: (OpenPart | undefined)[] = []
  for (let index = 0; index < keys.length; index++) {
    const key = must(keys[index], 'a key')
    const value = must(values[index], 'a value')
    const hour = hourAt(increments, index)
    // Neighbours nearly always share an hour.
    if (hour !== lastHour) {
      lastHour = hour
      count = valueAt(shards, hour)
      bySlot = byHour.get(hour) ?? []
      byHour.set(hour, bySlot)
    }
    const slot = count === 1 ? 0 : slotOfHash(hashes?.[index] ?? hashKey(key), count)
    let part = bySlot[slot]
    if (part === undefined || isFull(part, partBytes, cellBytesMax)) {
      part = openPart(formatShardName({ hour, slot }), isPlain)
      bySlot[slot] = part
      parts.push(part)
    }
    const id = ids?.[index]
    const text = labels?.[index] ?? ''
    if (id === undefined) {
      addIncrement(part.unnamed, key + text, value)
      part.indexes.push(index)
    } else {
      part.named.push(entryOf(key, value, id, text))
      part.namedIndexes.push([index])
    }
  }
  return parts
}

/** The request's items in a part's `unnamed`, by index. Needed only when something went wrong, or for a name. */
export function indexesOf({ indexes, unnamed }: Part): number[] {
  return indexes ?? [...unnamed.keys.keys()]
}

type OpenPart = Part & { readonly indexes: number[] }

function openPart(shard: string, isPlain: boolean): OpenPart {
  return { shard, unnamed: noIncrements(isPlain), indexes: [], named: [], namedIndexes: [] }
}

/** Whether one more increment might not fit. A named one takes its key twice: in its cell and in its id. */
function isFull({ unnamed, named }: Part, partBytes: number, cellBytesMax: number): boolean {
  return unnamed.bytes + (named.length + 1) * 2 * cellBytesMax > partBytes
}

/**
 * The name of an increment is of its key alone: labels are part of its content. Without labels the content is what it was
 * before there were any. [I3]
 */
function entryOf(key: string, value: number, id: string, labels: string): NamedEntry {
  const cells = new Cells([key + labels], [value], [1], [value], [value])
  return { id: idOfIncrement(id, key), content: `${value}${labels}`, cells }
}

function nameWhole(part: Part, { token, key, content }: RequestName): Part {
  const sum = new Accumulator()
  sum.addIncrements(part.unnamed)
  const entry = { id: idOfRequest(token, key), content, cells: sum.cells }
  return { ...openPart(part.shard, false), named: [entry], namedIndexes: [indexesOf(part)] }
}
