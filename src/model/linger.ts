import { CROWDED_FLIGHT, HEAVY_REQUEST_BYTES, ONE_CLIENT_FLIGHTS, SHORT_LINGER_MS } from '../limits.ts'

/**
 * How long a flight waits for company, and why. Each call of a shard and each row of its journal costs the same whatever
 * it carries, so a short wait lets more increments share one; a wait that brings nobody only makes an answer late.
 *
 * The isolate decides with `flightWait` before it sends a flight, and the shard with `commitWait` before it journals one.
 * Both functions are pure: the coalescer, the group commit and the simulator (`npm run linger`) keep the numbers, ask these functions, and wait as long as they say.
 */
export type Wait<Why extends string> = { readonly waitMs: number; readonly why: Why }

/** A flight that is about to leave its isolate for a shard. */
export type FormingFlightState = {
  /** Requests aboard. */
  readonly aboard: number
  /** Bytes that those requests brought. */
  readonly bytes: number
  /** Whether another flight already forms behind it, so that nobody else can come aboard. */
  readonly isFull: boolean
  /** Requests that were aboard the last flight to the same shard; 0 before the first. */
  readonly lastAboard: number
}

export type FlightWait = Wait<
  | 'full'
  /** The last flight carried one request: that client is alone, and would wait for nobody. */
  | 'alone'
  /** Its requests bring arrays, which cost the shard least when it takes them together. */
  | 'arrays'
  /** Far fewer are aboard than were aboard the last flight, and the others are likely to come back. */
  | 'few_after_many'
  | 'ready'
>

const FULL: FlightWait = { waitMs: 0, why: 'full' }
const ALONE: FlightWait = { waitMs: 0, why: 'alone' }
const ARRAYS: FlightWait = { waitMs: SHORT_LINGER_MS, why: 'arrays' }
const FEW_AFTER_MANY: FlightWait = { waitMs: SHORT_LINGER_MS, why: 'few_after_many' }
const READY: FlightWait = { waitMs: 0, why: 'ready' }

/** How long a flight waits in its isolate, in ms. Those who were aboard the last flight are likely to come again. */
export function flightWait({ aboard, bytes, isFull, lastAboard }: FormingFlightState): FlightWait {
  if (isFull) return FULL
  if (lastAboard < 2) return ALONE
  if (bytes >= aboard * HEAVY_REQUEST_BYTES) return ARRAYS
  if (hasBacklog(lastAboard) && aboard < lastAboard / 2) return FEW_AFTER_MANY
  return READY
}

/**
 * Whether so many requests share the flights to a shard that the shard should not make them wait: they already share a
 * row, and the next requests of their isolate would all wait for this one flight.
 */
export function hasBacklog(lastAboard: number): boolean {
  return lastAboard >= CROWDED_FLIGHT
}

/** A shard when a flight without named entries has come. */
export type CommitState = {
  /** The time, in ms, in which flights that carry little share one row. */
  readonly lingerMs: number
  /** When the last row was written, in epoch ms; -Infinity before the first. */
  readonly committedMs: number
  /** Flights in a row that came from one client; see `countFromOneClient`. */
  readonly fromOneClient: number
  /** Increments that the flight carries. */
  readonly increments: number
  /** Whether the flight's isolate says that it has a backlog. */
  readonly hasBacklog: boolean
  /** Whether the flights that wait, this one among them, fill a row. */
  readonly isRowFull: boolean
}

export type CommitWait = Wait<
  | 'backlog'
  /** It carries so many increments that its row is cheap for each of them. */
  | 'many_increments'
  /** One client alone sends, and would wait for nobody. */
  | 'one_client'
  | 'row_full'
  /** Nothing was journaled within the last `lingerMs`. */
  | 'row_due'
  /** It shares the row that is due `lingerMs` after the last. */
  | 'row_soon'
>

const BACKLOG: CommitWait = { waitMs: 0, why: 'backlog' }
const MANY_INCREMENTS: CommitWait = { waitMs: 0, why: 'many_increments' }
const ONE_CLIENT: CommitWait = { waitMs: 0, why: 'one_client' }
const ROW_FULL: CommitWait = { waitMs: 0, why: 'row_full' }
const ROW_DUE: CommitWait = { waitMs: 0, why: 'row_due' }

/** How long a flight waits in its shard before it is journaled, in ms, and all that wait already with it. */
export function commitWait(state: CommitState, nowMs: number): CommitWait {
  if (state.hasBacklog) return BACKLOG
  if (state.increments >= CROWDED_FLIGHT) return MANY_INCREMENTS
  if (state.fromOneClient >= ONE_CLIENT_FLIGHTS) return ONE_CLIENT
  if (state.isRowFull) return ROW_FULL
  // A clock that was put back must not make the wait longer than a linger.
  const waitMs = Math.min(state.lingerMs, state.committedMs + state.lingerMs - nowMs)
  return waitMs > 0 ? { waitMs, why: 'row_soon' } : ROW_DUE
}

/**
 * Counts on how many flights in a row have come from one client alone: from one isolate, with one increment each. A
 * new shard starts at ONE_CLIENT_FLIGHTS, so that its first client does not wait.
 *
 * @param isOther whether the flight came from another isolate than the one before it.
 */
export function countFromOneClient(before: number, isOther: boolean, increments: number): number {
  return isOther || increments > 1 ? 0 : before + 1
}
