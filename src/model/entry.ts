import { bytesBeyondUnits, cellBytes } from './cell.ts'
import type { Cells } from './cells.ts'

/** A flight's name: the isolate that sent it, and a number that rises over all that this isolate sends. */
export type FlightName = { readonly sender: string; readonly n: number }

/**
 * Increments that count once by a name of their client's: one increment by its `id`, or all of a request's for one
 * shard by its Idempotency-Key.
 */
export type NamedEntry = {
  /** The whole name: the kind of thing that it names (an increment of a key, or a request) and the client's own id. */
  readonly id: string
  /** A text that differs when the content under the name differs. */
  readonly content: string
  readonly cells: Cells
}

/** The fate of a named entry, for good. [I3] */
export type EntryResult =
  | 'accepted'
  /** It had been counted before. */
  | 'duplicate'
  /** Its name came before with other content, so it is not counted. */
  | 'conflict'

/** A name as a shard keeps it: its content, and the flight that it was accepted from. */
export type KnownId = { readonly content: string; readonly flight: FlightName }

/**
 * The name of an increment with an id. No key, id or token's name has control characters, and the name of a service
 * binding's grant has one line feed, so no two names are the same text.
 */
export function idOfIncrement(id: string, key: string): string {
  return `i\n${id}\n${key}`
}

/** The name of a request. @param token the name of its grant, because two clients may well choose the same key. */
export function idOfRequest(token: string, idempotencyKey: string): string {
  return `r\n${token}\n${idempotencyKey}`
}

/**
 * The name of a part of a delivery. [N1]
 *
 * @param digest of the delivery's token, route, meters and body.
 * @param parts how many parts the delivery has in each shard.
 */
export function idOfDelivery(digest: string, part: number, parts: number): string {
  return `d\n${digest}\n${part}/${parts}`
}

/**
 * Judges the entries of a flight, in their order, by the names that are known. A flight that comes again gets its first
 * answer, because a known name says from which flight it was accepted. [I3] [I4]
 */
export function judgeEntries(
  entries: readonly NamedEntry[],
  known: ReadonlyMap<string, KnownId>,
  flight: FlightName,
): EntryResult[] {
  /** The content that counts for each name met so far. */
  const counted = new Map<string, string>()
  return entries.map(({ id, content }) => {
    const earlier = counted.get(id)
    if (earlier !== undefined) return earlier === content ? 'duplicate' : 'conflict'
    const before = known.get(id)
    const isFirst = before === undefined || isSame(before.flight, flight)
    counted.set(id, isFirst ? content : before.content)
    if (isFirst) return 'accepted'
    return before.content === content ? 'duplicate' : 'conflict'
  })
}

function isSame(a: FlightName, b: FlightName): boolean {
  return a.sender === b.sender && a.n === b.n
}

/** An upper bound of an entry's encoded size, in bytes. */
export function entryBytes({ id, content, cells }: NamedEntry): number {
  const named = cellBytes(id) + content.length + bytesBeyondUnits(content)
  return cells.keys.reduce((sum, key) => sum + cellBytes(key), named)
}
