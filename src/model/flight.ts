import { Cells } from './cells.ts'
import type { EntryResult, FlightName, NamedEntry } from './entry.ts'
import { isLabelled } from './slices/slice.ts'
import { narrow, type Sum } from './sum.ts'

/**
 * One call from an isolate to a shard, as it is sent and as the shard's journal keeps it. A fold, a batch and a parked
 * cell are stored as flights without a name: they stand for many, whose names have moved to the table of senders.
 */
export type Flight = {
  readonly name: FlightName | null
  /** Increments without a name of their own, added up. */
  readonly cells: Cells
  /** Increments with a name. The journal has none: those that were accepted are among its cells. */
  readonly named: readonly NamedEntry[]
  /** Whether any of its cells is that of a slice with labels. */
  readonly hasLabels: boolean
}

/**
 * The versions that this code writes and reads. The second is written only where a label is inside, because the code
 * before labels would take a slice for a key of its own, and refuses that version instead. See docs/storage.md before
 * changing one. [J1]
 */
export const FLIGHT_VERSION = 1
export const LABELLED_FLIGHT_VERSION = 2

/** Something stored or sent was written by a later version of this code, or by a broken one. */
export class UnknownVersion extends Error {
  override name = 'UnknownVersion'
}

/**
 * A flight as JSON, with cells as columns: half the size of an object for each cell, and quicker to write and read.
 * `{"v":1,"name":["<sender>",7]|null,"cells":[[keys],[sums],[counts],[mins],[maxs]]}`, and when there are
 * any, `"named":[["<id>","<content>",[columns as in cells]]]`; a sum past 2^53 is a string; `"v":2` where a key has
 * labels. [J1] [A2]
 */
export function encodeFlight(
  name: FlightName | null,
  cells: Cells,
  named: readonly NamedEntry[] = [],
): string {
  const text = JSON.stringify({
    v: FLIGHT_VERSION,
    name: name === null ? null : [name.sender, name.n],
    cells: encodeCells(cells),
    ...(named.length > 0
      ? { named: named.map(({ id, content, cells: own }) => [id, content, encodeCells(own)]) }
      : {}),
  })
  // Looking for the mark in the text costs next to nothing. A key may have it spelt out, so a hit is looked at again.
  const mayHaveLabels = text.includes(ENCODED_MARK)
  return mayHaveLabels && hasLabels(cells, named)
    ? `{"v":${LABELLED_FLIGHT_VERSION}${text.slice(VERSION_HEAD.length)}`
    : text
}

/** How JSON writes the mark before a label. */
const ENCODED_MARK = '\\u001f'

const VERSION_HEAD = `{"v":${FLIGHT_VERSION}`

function hasLabels(cells: Cells, named: readonly NamedEntry[]): boolean {
  return cells.keys.some(isLabelled) || named.some((entry) => entry.cells.keys.some(isLabelled))
}

type EncodedCells = readonly [
  keys: readonly string[],
  sums: readonly (number | string)[],
  counts: readonly number[],
  mins: readonly number[],
  maxs: readonly number[],
]

function encodeCells({ keys, sums, counts, mins, maxs }: Cells): EncodedCells {
  return [keys, isAll(sums, isSafe) ? sums : sums.map(encodeSum), counts, mins, maxs]
}

function encodeSum(sum: Sum): number | string {
  return typeof sum === 'number' ? sum : String(sum)
}

/**
 * The inverse of `encodeFlight`. All of it is looked at before any of it is used. [J1]
 *
 * @throws UnknownVersion for anything that a later (or broken) writer made. Nothing is guessed.
 */
export function readFlight(text: string): Flight {
  const parsed: unknown = JSON.parse(text)
  if (!isEncoded(parsed)) throw new UnknownVersion(`a flight of a version above ${LABELLED_FLIGHT_VERSION}`)
  const { v, name, cells, named = [] } = parsed
  return {
    name: name === null ? null : { sender: name[0], n: name[1] },
    cells: decodeCells(cells),
    named: named.map(([id, content, own]) => ({ id, content, cells: decodeCells(own) })),
    hasLabels: v === LABELLED_FLIGHT_VERSION,
  }
}

/** The arrays are those that JSON.parse has just made, so they are kept. */
function decodeCells([keys, sums, counts, mins, maxs]: EncodedCells): Cells {
  if (!isAll(keys, isText) || !isAll(counts, isSafe) || !isAll(mins, isSafe) || !isAll(maxs, isSafe)) {
    throw new UnknownVersion('a cell of another form')
  }
  return new Cells(keys, isAll(sums, isSafe) ? sums : sums.map(decodeSum), counts, mins, maxs)
}

function isAll<T>(column: readonly unknown[], is: (value: unknown) => value is T): column is T[] {
  for (let i = 0; i < column.length; i++) if (!is(column[i])) return false
  return true
}

function decodeSum(sum: unknown): Sum {
  if (isSafe(sum)) return sum
  if (typeof sum !== 'string' || !/^-?\d+$/.test(sum)) throw new UnknownVersion('a sum of another form')
  return narrow(BigInt(sum))
}

type Encoded = {
  readonly v: number
  readonly name: readonly [string, number] | null
  readonly cells: EncodedCells
  readonly named?: readonly (readonly [id: string, content: string, cells: EncodedCells])[]
}

function isEncoded(parsed: unknown): parsed is Encoded {
  if (typeof parsed !== 'object' || parsed === null) return false
  const { v, name, cells, named } = parsed as Record<string, unknown>
  const isKnown = v === FLIGHT_VERSION || v === LABELLED_FLIGHT_VERSION
  return isKnown && isName(name) && isColumns(cells) && (named === undefined || isNamed(named))
}

function isNamed(named: unknown): boolean {
  return (
    Array.isArray(named) &&
    named.every(
      (entry) =>
        Array.isArray(entry) &&
        entry.length === 3 &&
        typeof entry[0] === 'string' &&
        typeof entry[1] === 'string' &&
        isColumns(entry[2]),
    )
  )
}

function isName(name: unknown): boolean {
  if (name === null) return true
  return (
    Array.isArray(name) && name.length === 2 && typeof name[0] === 'string' && Number.isSafeInteger(name[1])
  )
}

function isColumns(cells: unknown): boolean {
  if (!Array.isArray(cells) || cells.length !== 5) return false
  const [keys] = cells
  return cells.every((column) => Array.isArray(column) && column.length === keys.length)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isSafe(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

/** A shard's answer to a flight. A flight that is sent again gets its first answer. [I4] */
export type MergeAnswer =
  | {
      readonly kind: 'accepted'
      /** The fate of each named entry, in their order; absent when there were none. */
      readonly named?: readonly EntryResult[]
    }
  /** Nothing of it was counted. */
  | { readonly kind: 'refused'; readonly reason: MergeRefusal }

export type MergeRefusal =
  /** Written by a version of this code that the shard does not know; a deploy is under way. */
  | 'unknown_version'
  /** A later flight of the same sender has been answered, so this one was given up long ago. */
  | 'stale'
  /** The hour takes no more increments. */
  | 'closed'
  /** A bound is reached, because Postgres has been away for long. */
  | 'full'
