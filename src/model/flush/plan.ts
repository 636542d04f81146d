import { REGISTER_AHEAD_MS, RETIRE_AGAIN_MS } from '../../limits.ts'

/** The shard's next step when its alarm rings. */
export type FlushPlan =
  /** Nothing is stored, so nothing is left to do. */
  | { readonly kind: 'idle' }
  /** Something is left to do, but not before `untilMs`. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** There are sums to write to Postgres. */
  | { readonly kind: 'flush' }
  /** Cells stay parked beyond the hour, and the ledger may not know the writer that holds them. */
  | { readonly kind: 'register' }
  /** The hour is long over and all of it is settled. */
  | { readonly kind: 'retire' }

export type ShardState = {
  /** Whether the shard's storage has tables; an object that was only woken has none. */
  readonly isStored: boolean
  /** Cells not yet frozen. */
  readonly openCells: number
  /** Batches not yet settled. */
  readonly frozenBatches: number
  /** Cells set aside until an administrator decides on them. */
  readonly parkedCells: number
  /** Whether the ledger is known to have a row of the writer. */
  readonly isRegistered: boolean
  /** Epoch ms before which Postgres is left alone after failures; 0 when there were none. */
  readonly notBeforeMs: number
  /** Epoch ms before which all that is frozen is left alone, and open cells are not; 0 when it is not. */
  readonly asideUntilMs: number
  /** Epoch ms from which a shard that holds nothing may retire. */
  readonly retireAtMs: number
}

/**
 * Decides what the alarm handler does. Pure. While something is stored it never answers `idle`, so waiting ends. [F4]
 */
export function planFlush(state: ShardState, nowMs: number): FlushPlan {
  if (!state.isStored) return { kind: 'idle' }
  if (state.openCells > 0 || state.frozenBatches > 0) {
    const untilMs = state.openCells > 0 ? state.notBeforeMs : Math.max(state.notBeforeMs, state.asideUntilMs)
    return nowMs < untilMs ? { kind: 'wait', untilMs } : { kind: 'flush' }
  }
  const { kind, fromMs } = planEnd(state, nowMs)
  const dueMs = Math.max(fromMs, state.notBeforeMs)
  return nowMs < dueMs ? { kind: 'wait', untilMs: dueMs } : { kind }
}

/** The next step of a shard that has nothing to send, and from when. */
function planEnd({ parkedCells, isRegistered, retireAtMs }: ShardState, nowMs: number) {
  if (parkedCells === 0) return { kind: 'retire', fromMs: retireAtMs } as const
  const againMs = Math.max(retireAtMs, nowMs + RETIRE_AGAIN_MS)
  return { kind: 'register', fromMs: isRegistered ? againMs : retireAtMs - REGISTER_AHEAD_MS } as const
}

/** Slots after which the spread repeats, and the gap between neighbours, in ms. */
const SPREAD_SLOTS = 16
const SPREAD_STEP_MS = 20

/**
 * When a slot flushes next, in epoch ms: after `nowMs`, by at most one interval. All shards flush at the same multiples
 * of the interval but a little apart, so that a sleeping database is woken once, and not by all shards in the same
 * instant. [F5]
 */
export function nextFlushMs(nowMs: number, intervalMs: number, slot: number): number {
  const spreadMs = (slot % SPREAD_SLOTS) * SPREAD_STEP_MS
  return (Math.floor((nowMs - spreadMs) / intervalMs) + 1) * intervalMs + spreadMs
}
