import { FLIGHT_BYTES_MAX } from '../limits.ts'
import { Accumulator, countIncrements } from '../model/accumulator.ts'
import type { KeyedCell } from '../model/cell.ts'
import { type Cells, Columns } from '../model/columns.ts'
import { cut } from '../model/cut.ts'
import type { EntryResult, FlightName, NamedEntry } from '../model/entry.ts'
import type { Flight } from '../model/flight.ts'
import { encodeFlight } from '../model/flight.ts'
import { utf8Bytes } from '../model/utf8.ts'
import type { JournalRow } from './tables.ts'

/** A flight that a shard takes. */
export type Arrival = {
  readonly flight: Flight
  /** The same as its sender encoded it: without named entries the journal keeps these bytes. */
  readonly encoded: string
  /** What becomes of its named entries. */
  readonly results: readonly EntryResult[]
}

/** What is counted of an arrival: a flight less its duplicates. */
export type Taken = {
  readonly name: FlightName | null
  readonly cells: Cells
  readonly increments: number
  /** Named entries that had not been counted before. */
  readonly fresh: readonly NamedEntry[]
  /** As the journal keeps it: one text for each started MiB, the first with the flight's name. */
  readonly encoded: readonly string[]
  /** Of all its texts, in UTF-8. */
  readonly bytes: number
}

export function takeArrival({ flight, encoded, results }: Arrival): Taken {
  const { name, cells: unnamed, named = [] } = flight
  const fresh = named.filter((_, i) => results[i] === 'accepted')
  const cells = named.length === 0 ? unnamed : mergeAll(unnamed, fresh)
  const texts = named.length === 0 ? [encoded] : [...encodePieces(name, cells)]
  const bytes = texts.reduce((sum, text) => sum + utf8Bytes(text), 0)
  return { name, cells, fresh, encoded: texts, bytes, increments: countIncrements(cells) }
}

/**
 * A flight's cells as texts that each fit a row; the first has the flight's name. One at a time: all that a shard holds
 * would not fit beside its texts.
 */
export function* encodePieces(
  name: FlightName | null,
  cells: Iterable<KeyedCell>,
): Generator<string, void, undefined> {
  const pieces = cut(Columns.of(cells), { cells: Number.POSITIVE_INFINITY, bytes: FLIGHT_BYTES_MAX })
  for (const [i, piece] of pieces.entries()) yield encodeFlight({ name: i === 0 ? name : null, cells: piece })
}

/**
 * Flights share a row while they fit, a line for each, for a row is billed whatever it holds; one in pieces has rows of
 * its own. JSON has no line feed. `accepted` is the running total after the row.
 */
export function journalRows(accepted: number, taken: readonly Taken[]): Omit<JournalRow, 'sinceMs'>[] {
  const rows: { accepted: number; flight: string; bytes: number }[] = []
  let total = accepted
  for (const { encoded, bytes, increments } of taken) {
    total += increments
    const last = rows.at(-1)
    if (last !== undefined && encoded.length === 1 && last.bytes + bytes <= FLIGHT_BYTES_MAX) {
      last.flight += `\n${encoded[0]}`
      last.bytes += bytes + 1
      last.accepted = total
    } else {
      for (const flight of encoded) rows.push({ accepted: total, flight, bytes })
    }
  }
  return rows.map(({ accepted: after, flight }) => ({ accepted: after, flight }))
}

/** The encoded flights of a row, in their order. */
export function flightsOf({ flight }: JournalRow): string[] {
  return flight.split('\n')
}

function mergeAll(cells: Cells, entries: readonly NamedEntry[]): Cells {
  const all = new Accumulator()
  all.addAll(cells)
  for (const entry of entries) all.addAll(entry.cells)
  return all.columns
}
