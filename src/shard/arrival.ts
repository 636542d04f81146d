import { Accumulator } from '../model/accumulator.ts'
import { Cells } from '../model/cells.ts'
import type { EntryResult, FlightName, NamedEntry } from '../model/entry.ts'
import { readFlight, UnknownVersion } from '../model/flight.ts'
import { utf8Bytes } from '../model/text/utf8.ts'
import { encodePieces, type Sized } from './journal.ts'

/**
 * A flight that has come to a shard. First it is as its isolate sent it; once it is judged, it is only what counts of
 * it, and that is what the journal keeps.
 */
export type Arrival = {
  readonly name: FlightName
  /** Its increments without a name of their own; once it is judged, all that count. */
  readonly cells: Cells
  /** In `cells` and, until it is judged, in `named`. */
  readonly increments: number
  /** Its increments with one; once it is judged, those that had not been counted before. */
  readonly named: readonly NamedEntry[]
  /** The text that its isolate sent; once it is judged, one or more that each fit a row of the journal. */
  readonly texts: readonly string[]
  /** Of all its texts, in UTF-8. */
  readonly bytes: number
  /** Whether any of its cells is that of a slice with labels. */
  readonly hasLabels: boolean
}

/** @returns undefined for a version that this code does not know, and for a flight without a name. [J1] */
export function readArrival(text: string): Arrival | undefined {
  try {
    const { name, cells, named, hasLabels } = readFlight(text)
    if (name === null) return undefined
    const increments = named.reduce(
      (sum, entry) => sum + entry.cells.countIncrements(),
      cells.countIncrements(),
    )
    return { name, cells, increments, named, texts: [text], bytes: utf8Bytes(text), hasLabels }
  } catch (error) {
    if (error instanceof UnknownVersion) return undefined
    throw error
  }
}

/**
 * Takes from a flight what was counted before. Without named entries nothing is taken, and the journal keeps the bytes
 * that were sent.
 *
 * @param results of its named entries, in their order.
 * @param rowBytes the most that a row of the journal holds.
 */
export function withoutDuplicates(
  arrival: Arrival,
  results: readonly EntryResult[],
  rowBytes: number,
): Arrival {
  if (arrival.named.length === 0) return arrival
  const named = arrival.named.filter((_, i) => results[i] === 'accepted')
  const [only, ...others] = named
  if (only !== undefined && others.length === 0 && arrival.cells.length === 0) {
    // Nothing has to be merged, and what is encoded again takes no more than the flight did.
    const { name, bytes } = arrival
    const own = { cells: only.cells, bytes }
    return { ...arrival, ...encoded(name, own, rowBytes), increments: own.cells.countIncrements(), named }
  }
  const all = new Accumulator()
  all.addCells(arrival.cells)
  for (const entry of named) all.addCells(entry.cells)
  return { ...arrival, ...encoded(arrival.name, all, rowBytes), increments: all.increments, named }
}

/**
 * Moves the cells of a flight to the slices that they count in. Where all stay in their own, the journal keeps the bytes
 * that were sent. [L2]
 *
 * @param place tells the slice that a slice's cells count in.
 */
export function withPlacedLabels(
  arrival: Arrival,
  place: (slice: string) => string,
  rowBytes: number,
): Arrival {
  if (!arrival.hasLabels) return arrival
  const { keys, sums, counts, mins, maxs } = arrival.cells
  const slices = keys.map(place)
  if (slices.every((slice, i) => slice === keys[i])) return arrival
  const all = new Accumulator()
  all.addCells(new Cells(slices, sums, counts, mins, maxs))
  return { ...arrival, ...encoded(arrival.name, all, rowBytes) }
}

function encoded(name: FlightName, sized: Sized, rowBytes: number) {
  const { cells } = sized
  const texts = [...encodePieces(name, sized, rowBytes)]
  return { cells, texts, bytes: texts.reduce((sum, text) => sum + utf8Bytes(text), 0) }
}
