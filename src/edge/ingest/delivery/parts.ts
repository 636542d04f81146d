import { FLIGHT_BYTES_MAX } from '../../../limits.ts'
import { Accumulator } from '../../../model/accumulator.ts'
import { cellBytes } from '../../../model/cell.ts'
import { Cells } from '../../../model/cells.ts'
import { cut } from '../../../model/cut.ts'
import type { NamedEntry } from '../../../model/entry.ts'
import { entryBytes, idOfDelivery, idOfIncrement } from '../../../model/entry.ts'
import type { Schedule } from '../../../model/schedule.ts'
import { valueAt } from '../../../model/schedule.ts'
import { formatShardName, hashKey, slotOfHash } from '../../../model/shard-name.ts'
import { isSliceOf, keyOf, labelsTextOf } from '../../../model/slices/slice.ts'
import type { ContentName } from './content-name.ts'
import type { Gathering, SumsByHour } from './gathering.ts'
import type { CountedValue, Named } from './named.ts'

/** Sent to a shard at a time: entries that each count once by their names, or a sum without a name. */
export type DeliveryPart = {
  readonly shard: string
  readonly entries: readonly OwnedEntry[]
  readonly unnamed: Accumulator
  /** In `entries` and `unnamed`. */
  readonly increments: number
  /** An upper bound of its encoded size. */
  readonly bytes: number
}

/** An entry, and the record whose id names it; null when the delivery's content does. */
export type OwnedEntry = { readonly entry: NamedEntry; readonly record: number | null }

/**
 * Splits a delivery by shard. [K2] What is named by content comes to each shard in `content.parts` parts, by the hash of
 * the key: a record that is judged otherwise when the delivery is sent again changes what is in its own part, and moves
 * nothing from one part to another. [N1]
 *
 * @param content null when the sums have no name.
 * @param flightBytes the most that goes together, unless it is one entry.
 */
export function partsOf(
  { sums, unnamed, named }: Pick<Gathering, 'sums' | 'unnamed' | 'named'>,
  content: ContentName | null,
  shards: Schedule,
  flightBytes = FLIGHT_BYTES_MAX,
): DeliveryPart[] {
  const packed = new Packing(flightBytes)
  if (content !== null) packContent(packed, sums, content, shards)
  packIds(packed, named, shards)
  const nameless = content === null ? [sums, unnamed] : [unnamed]
  return [
    ...packed.parts,
    ...nameless.flatMap((each) => Array.from(namelessParts(each, shards, flightBytes))),
  ]
}

/** Puts entries for one shard together, as many as a flight takes. */
class Packing {
  readonly parts: DeliveryPart[] = []
  readonly #flightBytes: number
  readonly #open = new Map<string, PackedPart>()

  constructor(flightBytes: number) {
    this.#flightBytes = flightBytes
  }

  add(shard: string, entry: NamedEntry, record: number | null, bytes = entryBytes(entry)): void {
    let part = this.#open.get(shard)
    if (part === undefined || part.bytes + bytes > this.#flightBytes) {
      part = { shard, entries: [], unnamed: NOTHING, increments: 0, bytes: 0 }
      this.#open.set(shard, part)
      this.parts.push(part)
    }
    part.entries.push({ entry, record })
    part.increments += entry.cells.countIncrements()
    part.bytes += bytes
  }
}

type PackedPart = DeliveryPart & { readonly entries: OwnedEntry[]; increments: number; bytes: number }

const NOTHING = new Accumulator()

function packContent(to: Packing, sums: SumsByHour, { digest, parts }: ContentName, shards: Schedule): void {
  for (const [hour, all] of sums) {
    const count = valueAt(shards, hour)
    for (const [slot, ofSlot] of split(all, count, (hash) => slotOfHash(hash, count))) {
      const shard = formatShardName({ hour, slot })
      for (const [part, { cells, bytes }] of split(ofSlot, parts, (hash) => hash % parts)) {
        const id = idOfDelivery(digest, part, parts)
        to.add(shard, { id, content: '', cells }, null, bytes + cellBytes(id))
      }
    }
  }
}

function packIds(to: Packing, named: readonly Named[], shards: Schedule): void {
  for (const { index, key, hour, id, counted } of named) {
    const slot = slotOfHash(hashKey(key), valueAt(shards, hour))
    const entry = { id: idOfIncrement(id, key), content: contentOf(counted), cells: cellsOf(counted) }
    to.add(formatShardName({ hour, slot }), entry, index)
  }
}

/** It does not depend on the order of the meters, and that of one increment is the same as in `POST /increment`. */
function contentOf(counted: readonly CountedValue[]): string {
  const contents = counted.map(({ slice, value }) => `${value}${labelsTextOf(slice)}`)
  return contents.sort().join('\n')
}

/** Nearly always one, for which nothing has to be found. */
function cellsOf(counted: readonly CountedValue[]): Cells {
  const [first, ...others] = counted
  if (first !== undefined && others.length === 0) {
    const { slice, value } = first
    return new Cells([slice], [value], [1], [value], [value])
  }
  const all = new Accumulator()
  for (const { slice, value } of counted) all.add(slice, value)
  return all.cells
}

function* namelessParts(sums: SumsByHour, shards: Schedule, flightBytes: number): Generator<DeliveryPart> {
  for (const [hour, all] of sums) {
    const count = valueAt(shards, hour)
    for (const [slot, ofSlot] of split(all, count, (hash) => slotOfHash(hash, count))) {
      for (const piece of cut(ofSlot.cells, { cells: Number.POSITIVE_INFINITY, bytes: flightBytes })) {
        const unnamed = new Accumulator()
        unnamed.addCells(piece)
        const { increments, bytes } = unnamed
        yield { shard: formatShardName({ hour, slot }), entries: [], unnamed, increments, bytes }
      }
    }
  }
}

/** Cells and an upper bound of their encoded size. No two of them are of one slice, so nothing has to find them. */
type Sized = { readonly cells: Cells; readonly bytes: number }

/**
 * Cells by a number that follows from the hash of their keys, whatever their labels. [K2]
 *
 * @param count how many numbers there are. With one there is nothing to hash.
 */
function split(all: Sized, count: number, placeOf: (hash: number) => number): Map<number, Sized> {
  if (count === 1) return new Map([[0, all]])
  const places = new Map<number, { readonly cells: Cells; bytes: number }>()
  let key: string | undefined
  let place = 0
  all.cells.forEach((slice, sum, increments, min, max) => {
    // Slices of a key nearly always come one after the other.
    if (key === undefined || !isSliceOf(slice, key)) {
      key = keyOf(slice)
      place = placeOf(hashKey(key))
    }
    const own = places.get(place) ?? { cells: new Cells(), bytes: 0 }
    places.set(place, own)
    own.cells.push(slice, sum, increments, min, max)
    own.bytes += cellBytes(slice)
  })
  return places
}
