import { REFUSED_ALIKE_MAX, TIMEOUTS_MAX } from '../../limits.ts'
import type { ApplyOutcome } from './batch.ts'
import type { Recut } from './recut.ts'

/** An outcome by which a batch did not get to Postgres. */
export type Failed = Exclude<ApplyOutcome, { kind: 'applied' }>

/** A failure that says why, as all but `behind` do. */
export type Explained = Extract<Failed, { reason: string }>

/** Why Postgres does not have what it should, for `/status`. */
export type FlushFault = {
  readonly kind: Failed['kind']
  readonly reason: string
  /** How many flushes have failed in a row. */
  readonly failures: number
}

/** Failures in a row that look alike, from which `planAfter` tells a bad batch from a bad Postgres. */
export type Streak = {
  /** Timeouts in a row of the batch that is sent. */
  readonly timeouts: number
  /** Cells in a row that Postgres refused, each alone in its batch and for the same reason. */
  readonly refusedAlike: { readonly reason: string; readonly count: number }
}

export const NO_STREAK: Streak = { timeouts: 0, refusedAlike: { reason: '', count: 0 } }

/** @param cells how many cells the batch has. */
export function continueStreak(before: Streak, outcome: ApplyOutcome, cells: number): Streak {
  if (outcome.kind === 'applied') return NO_STREAK
  const timeouts = outcome.kind === 'ambiguous' && outcome.isTimeout ? before.timeouts + 1 : 0
  if (outcome.kind !== 'cell_refused' || cells > 1) return { ...before, timeouts }
  const { reason } = outcome
  const count = before.refusedAlike.reason === reason ? before.refusedAlike.count + 1 : 1
  return { timeouts, refusedAlike: { reason, count } }
}

/** The shard's next step once the outcome of a batch is known. */
export type NextStep =
  /** Postgres has it: forget it, and go on with the next. */
  | { readonly kind: 'settle' }
  /** Seal the writer, and cut what is frozen anew for another. */
  | { readonly kind: 'move_on'; readonly recut: Recut; readonly why: Explained }
  /** Send the same again, later. */
  | { readonly kind: 'back_off'; readonly why: Failed }

/**
 * Decides what an outcome asks for. Pure: the flusher obeys it.
 *
 * A batch that times out again and again is too large, so it is halved. A batch that Postgres refuses because of a cell
 * is halved until that cell is alone, and then the cell is parked, so that its neighbours get through [P3]. But when
 * cell after cell is refused for the same reason and none gets through, the cells are not at fault, and it is waited
 * out.
 *
 * @param streak with this outcome counted.
 */
export function planAfter(
  outcome: ApplyOutcome,
  { seq, cells }: { readonly seq: number; readonly cells: { readonly length: number } },
  streak: Streak,
): NextStep {
  const isAlone = cells.length === 1
  switch (outcome.kind) {
    case 'applied':
      return { kind: 'settle' }
    case 'rewound':
      return { kind: 'move_on', recut: { kind: 'keep' }, why: outcome }
    case 'cell_refused':
      if (!isAlone) return { kind: 'move_on', recut: { kind: 'halve', seq }, why: outcome }
      return streak.refusedAlike.count > REFUSED_ALIKE_MAX
        ? { kind: 'back_off', why: { ...outcome, kind: 'refused' } }
        : { kind: 'move_on', recut: { kind: 'park', seq }, why: outcome }
    case 'ambiguous':
      return streak.timeouts >= TIMEOUTS_MAX && !isAlone
        ? { kind: 'move_on', recut: { kind: 'halve', seq }, why: outcome }
        : { kind: 'back_off', why: outcome }
    case 'behind':
    case 'refused':
      return { kind: 'back_off', why: outcome }
  }
}

/** The fault that a shard shows after one more failure. */
export function faultAfter(before: FlushFault | null, failed: Failed): FlushFault {
  const reason = failed.kind === 'behind' ? 'an earlier copy of the batch may be under way' : failed.reason
  return { kind: failed.kind, reason, failures: (before?.failures ?? 0) + 1 }
}
