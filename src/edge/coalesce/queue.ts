import { CROWDED_FLIGHT, HEAVY_REQUEST_BYTES } from '../../limits.ts'
import { Accumulator } from '../../model/accumulator.ts'
import type { EntryResult, NamedEntry } from '../../model/entry.ts'

/** What became of increments that were handed to the coalescer. */
export type Landing =
  /** Durable in the shard's journal. [I1] */
  | { readonly kind: 'accepted'; readonly named?: readonly EntryResult[] }
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
  /** Where its named entries stand among those of its flight: from, and up to. */
  readonly named: readonly [from: number, to: number]
  /** It has given up waiting, so it must not be handed the lead. */
  isGone: boolean
}

/** A flight while it gathers, and while it is in the air: the increments of many requests for one shard. */
export type Gathering = {
  readonly cells: Accumulator
  readonly named: NamedEntry[]
  namedBytes: number
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

/**
 * Whether the next flight should wait a moment for more, for those aboard the last are likely to come again: it carries
 * arrays, which cost a shard least together, or far fewer than a crowded last one did. A lone client never waits.
 */
export function isWorthLingering({ gatherings: [next, another], lastAboard }: Line): boolean {
  // Nobody else comes aboard of one that is full.
  if (next === undefined || another !== undefined || lastAboard < 2) return false
  const aboard = next.waiters.length
  return (
    next.bytes >= aboard * HEAVY_REQUEST_BYTES || (lastAboard >= CROWDED_FLIGHT && aboard < lastAboard / 2)
  )
}

export function gatheringOf(): Gathering {
  return { cells: new Accumulator(), named: [], namedBytes: 0, waiters: [], bytes: 0, landing: undefined }
}

/** @param count of named entries that it has just brought. */
export function join(gathering: Gathering, count: number): Waiter {
  const { promise, resolve } = Promise.withResolvers<Turn>()
  const end = gathering.named.length
  const waiter: Waiter = { turn: promise, resolve, named: [end - count, end], isGone: false }
  gathering.waiters.push(waiter)
  return waiter
}

/** A flight's landing as one of those aboard sees it: with the results of its own named entries. */
export function landingFor(waiter: Waiter, landing: Landing): Landing {
  const [from, to] = waiter.named
  if (landing.kind !== 'accepted' || landing.named === undefined) return landing
  return from === to ? { kind: 'accepted' } : { kind: 'accepted', named: landing.named.slice(from, to) }
}
