import { FLIGHT_BYTES_MAX } from '../../../limits.ts'
import { Accumulator } from '../../../model/accumulator.ts'
import { Cells } from '../../../model/cells.ts'
import { cut } from '../../../model/cut.ts'
import type { NamedEntry } from '../../../model/entry.ts'
import { entryBytes, idOfDelivery, idOfIncrement } from '../../../model/entry.ts'
import type { Schedule } from '../../../model/schedule.ts'
import { valueAt } from '../../../model/schedule.ts'
import { formatShardName, hashKey, slotOfHash } from '../../../model/shard-name.ts'
import { keyOf } from '../../../model/slices/slice.ts'
import type { ContentName } from './content-name.ts'
import type { Gathering, Named, Sums } from './gathering.ts'

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

  add(shard: string, entry: NamedEntry, record: number | null): void {
    const bytes = entryBytes(entry)
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

function packContent(to: Packing, sums: Sums, { digest, parts }: ContentName, shards: Schedule): void {
  for (const [hour, { cells }] of sums) {
    const count = valueAt(shards, hour)
    for (const [slot, ofSlot] of split(cells, (hash) => slotOfHash(hash, count))) {
      const shard = formatShardName({ hour, slot })
      for (const [part, own] of split(ofSlot.cells, (hash) => hash % parts)) {
        to.add(shard, { id: idOfDelivery(digest, part, parts), content: '', cells: own.cells }, null)
      }
    }
  }
}

function packIds(to: Packing, named: readonly Named[], shards: Schedule): void {
  for (const { index, key, labels, value, hour, id } of named) {
    const slot = slotOfHash(hashKey(key), valueAt(shards, hour))
    const cells = new Cells([key + labels], [value], [1], [value], [value])
    const entry = { id: idOfIncrement(id, key), content: `${value}${labels}`, cells }
    to.add(formatShardName({ hour, slot }), entry, index)
  }
}

function* namelessParts(sums: Sums, shards: Schedule, flightBytes: number): Generator<DeliveryPart> {
  for (const [hour, { cells }] of sums) {
    const count = valueAt(shards, hour)
    for (const [slot, ofSlot] of split(cells, (hash) => slotOfHash(hash, count))) {
      for (const piece of cut(ofSlot.cells, { cells: Number.POSITIVE_INFINITY, bytes: flightBytes })) {
        const unnamed = new Accumulator()
        unnamed.addCells(piece)
        const { increments, bytes } = unnamed
        yield { shard: formatShardName({ hour, slot }), entries: [], unnamed, increments, bytes }
      }
    }
  }
}

/** Cells by a number that follows from the hash of their keys, whatever their labels. [K2] */
function split(cells: Cells, placeOf: (hash: number) => number): Map<number, Accumulator> {
  const places = new Map<number, Accumulator>()
  cells.forEach((slice, sum, count, min, max) => {
    const place = placeOf(hashKey(keyOf(slice)))
    const own = places.get(place) ?? new Accumulator()
    places.set(place, own)
    own.addCell(slice, sum, count, min, max)
  })
  return places
}
