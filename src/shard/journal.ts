import type { Cells } from '../model/cells.ts'
import { cutInOrder } from '../model/cut.ts'
import type { FlightName } from '../model/entry.ts'
import { encodeFlight } from '../model/flight.ts'
import type { JournalRow } from './tables.ts'

/** A flight as the journal keeps it: texts that each fit a row, their bytes in UTF-8, and the increments in them. */
type Entry = { readonly texts: readonly string[]; readonly bytes: number; readonly increments: number }

/** Cells, and an upper bound of their encoded bytes. */
export type Sized = { readonly cells: Cells; readonly bytes: number }

/**
 * Encodes a flight's cells as texts that each fit a row; the first has the flight's name. One at a time, because all
 * that a shard holds would not fit in memory beside its texts.
 *
 * @param rowBytes the most that a row holds.
 */
export function* encodePieces(
  name: FlightName | null,
  { cells, bytes }: Sized,
  rowBytes: number,
): Generator<string, void, undefined> {
  const fits = bytes <= rowBytes && cells.length > 0
  const pieces = fits ? [cells] : cutInOrder(cells, { cells: Number.POSITIVE_INFINITY, bytes: rowBytes })
  for (const [i, piece] of pieces.entries()) yield encodeFlight(i === 0 ? name : null, piece)
}

/**
 * The rows for some flights. Flights share a row while they fit, a line for each, because a row is billed whatever it
 * holds; JSON has no line feed. A flight of several texts has rows of its own.
 *
 * @param accepted the running total of increments before them. Each row has that after it.
 */
export function journalRows(
  accepted: number,
  entries: readonly Entry[],
  rowBytes: number,
): Omit<JournalRow, 'sinceMs'>[] {
  const rows: { accepted: number; flight: string; bytes: number }[] = []
  let total = accepted
  for (const { texts, bytes, increments } of entries) {
    total += increments
    const last = rows.at(-1)
    if (last !== undefined && texts.length === 1 && last.bytes + bytes <= rowBytes) {
      last.flight += `\n${texts[0]}`
      last.bytes += bytes + 1
      last.accepted = total
    } else {
      for (const flight of texts) rows.push({ accepted: total, flight, bytes })
    }
  }
  return rows.map(({ accepted: after, flight }) => ({ accepted: after, flight }))
}

/** The encoded flights of a row, in their order. */
export function flightsOf({ flight }: JournalRow): string[] {
  return flight.split('\n')
}
