import { Accumulator } from '../../model/accumulator.ts'
import type { EntryResult, NamedEntry } from '../../model/entry.ts'
import type { Increments } from '../../model/increments.ts'

/** The fate of increments that were handed to the coalescer. */
export type FlightOutcome =
  /** They are durable in the shard's journal. [I1] */
  | { readonly kind: 'accepted'; readonly named?: readonly EntryResult[] }
  /** They were certainly not counted. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No answer came: they may have been counted, or may still be counted later. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** The end of a request's wait: its flight has landed, or it leads the next, or it has waited too long. */
export type QueueTurn =
  | { readonly kind: 'landed'; readonly outcome: FlightOutcome }
  | { readonly kind: 'lead'; readonly lead: Lead }
  | { readonly kind: 'late' }

/**
 * The right to fly a queue's next flight. A request that was thought lost and comes back compares it with the queue's
 * lead, and so finds that the lead has passed on.
 */
export type Lead = { readonly sinceMs: number }

/** A request that waits for its flight to land, or for its turn to lead. */
export type Waiter = {
  readonly turn: Promise<QueueTurn>
  readonly resolve: (turn: QueueTurn) => void
  /** The place of its named entries among those of its flight. */
  readonly named: readonly [from: number, to: number]
  /** It has given up waiting, so it must not be handed the lead. */
  isGone: boolean
}

/** Increments without names: one by one, or what some add up to. */
export type Unnamed = Increments | Accumulator

/** The increments of many requests for one shard, while they gather and while they are in the air. */
export type FormingFlight = {
  readonly unnamed: Accumulator
  readonly named: NamedEntry[]
  namedBytes: number
  readonly waiters: Waiter[]
  /** Bytes that the requests brought, each counted by itself; merged they take less. */
  bytes: number
  /** Undefined until the flight has landed or was given up. */
  outcome: FlightOutcome | undefined
}

/** All that is on its way from this isolate to one shard. */
export type ShardQueue = {
  readonly shard: string
  /** The first of them flies next. */
  readonly forming: FormingFlight[]
  inAir: FormingFlight | null
  /** Bytes of the flights that form and of the one in the air. */
  bytes: number
  /** Null when no request leads. */
  lead: Lead | null
  /** Requests aboard the last flight, and when it landed in epoch ms; both are 0 before the first. */
  lastAboard: number
  lastLandedMs: number
}

export function emptyQueue(shard: string): ShardQueue {
  return { shard, forming: [], inAir: null, bytes: 0, lead: null, lastAboard: 0, lastLandedMs: 0 }
}

export function emptyFlight(): FormingFlight {
  return { unnamed: new Accumulator(), named: [], namedBytes: 0, waiters: [], bytes: 0, outcome: undefined }
}

/** Adds what a request brings to a flight. @param bytes of all of it, each entry counted by itself. */
export function load(
  flight: FormingFlight,
  unnamed: Unnamed,
  named: readonly NamedEntry[],
  bytes: number,
): void {
  if (unnamed instanceof Accumulator) flight.unnamed.addCells(unnamed.cells)
  else flight.unnamed.addIncrements(unnamed)
  for (const entry of named) flight.named.push(entry)
  flight.namedBytes += bytes - unnamed.bytes
  flight.bytes += bytes
}

/**
 * Adds a request to those that wait for a flight.
 *
 * @param count how many named entries the request has just added to the flight.
 */
export function join(flight: FormingFlight, count: number): Waiter {
  const { promise, resolve } = Promise.withResolvers<QueueTurn>()
  const end = flight.named.length
  const waiter: Waiter = { turn: promise, resolve, named: [end - count, end], isGone: false }
  flight.waiters.push(waiter)
  return waiter
}

/** A flight's outcome for one of the requests aboard: with the results of that request's named entries alone. */
export function outcomeFor(waiter: Waiter, outcome: FlightOutcome): FlightOutcome {
  const [from, to] = waiter.named
  if (outcome.kind !== 'accepted' || outcome.named === undefined) return outcome
  return from === to ? { kind: 'accepted' } : { kind: 'accepted', named: outcome.named.slice(from, to) }
}
