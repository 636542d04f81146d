import type { Accumulator } from '../model/accumulator.ts'

/** What became of increments that were handed to the coalescer. */
export type Landing =
  /** Durable in the shard's journal. [I1] */
  | { readonly kind: 'accepted' }
  /** Certainly not counted. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** No answer came: they may have been counted, or be counted yet. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** What ends a request's wait. */
export type Turn =
  | { readonly kind: 'landed'; readonly landing: Landing }
  | { readonly kind: 'lead'; readonly lead: Lead }
  | { readonly kind: 'late' }

/** The right to fly a line's next flight. Whoever was thought lost and comes back finds that it has passed on. */
export type Lead = { readonly sinceMs: number }

/** A request that waits for its flight, or for its turn to lead. */
export type Waiter = {
  readonly turn: Promise<Turn>
  readonly resolve: (turn: Turn) => void
  /** It has given up waiting, so it must not be handed the lead. */
  isGone: boolean
}

/** A flight while it gathers, and while it is in the air: the increments of many requests for one shard. */
export type Gathering = {
  readonly cells: Accumulator
  readonly waiters: Waiter[]
  /** What the requests brought, each by itself: merged they take less. */
  bytes: number
  landing: Landing | undefined
}

/** All that is on its way to one shard. */
export type Line = {
  readonly shard: string
  /** The first flies next. */
  readonly gatherings: Gathering[]
  inAir: Gathering | null
  /** Bytes gathering and in the air. */
  bytes: number
  /** Null when no request leads. */
  lead: Lead | null
  /** Requests aboard the last flight, and when it landed in epoch ms; 0 before the first. */
  lastAboard: number
  lastLandedMs: number
}

export function lineOf(shard: string): Line {
  return { shard, gatherings: [], inAir: null, bytes: 0, lead: null, lastAboard: 0, lastLandedMs: 0 }
}

export function join(gathering: Gathering): Waiter {
  const { promise, resolve } = Promise.withResolvers<Turn>()
  const waiter = { turn: promise, resolve, isGone: false }
  gathering.waiters.push(waiter)
  return waiter
}
