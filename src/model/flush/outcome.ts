import { DOUBT_TRIES, LONE_TRIES, PARKED_UNSEEN_MAX } from '../../limits.ts'
import type { ApplyOutcome, Explained, Failed } from './batch.ts'
import type { Recut } from './recut.ts'
import { cutOf } from './recut.ts'
import type { Course, Tried } from './trouble.ts'
import { blamesCells, isInDoubt, isSlow } from './trouble.ts'

/** Why Postgres does not have what it should, for `/status`. */
export type FlushFault = {
  readonly kind: Failed['kind']
  readonly reason: string
  /** How many flushes have failed in a row. */
  readonly failures: number
}

/** The shard's next step once the outcome of a batch is known. */
export type NextStep =
  /** Postgres has it: forget it, and go on with the next. */
  | { readonly kind: 'settle' }
  /** Seal the writer, and cut what is frozen anew for another. Then go on, or leave Postgres alone for a while. */
  | { readonly kind: 'move_on'; readonly recut: Recut; readonly why: Explained; readonly isOver: boolean }
  /** Leave its one cell alone for a while. There is nothing else to send. */
  | { readonly kind: 'set_aside'; readonly why: Explained }
  /** Leave Postgres alone for a while, and send the same again. */
  | { readonly kind: 'back_off'; readonly why: Failed }

/** A batch that failed, with that failure counted. */
export type Attempt = Tried & {
  /** Whether nothing else is frozen. */
  readonly isOnly: boolean
  /** The key that all frozen cells have, as the key itself or as slices; null when they have several, or are many. */
  readonly onlyKey: string | null
  /** Whether it had failed before, or is cut from what had. */
  readonly hadFailed: boolean
}

/**
 * Decides what an outcome asks for. Pure: the flusher obeys it.
 *
 * What gets through decides whether cells are at fault [P3]. A failure that stays with some cells while others get through
 * is those cells': they are found by cutting, and one that has failed by itself again is parked. A failure that all cells
 * meet is waited out: one cell at a time is tried, so that no statement is multiplied. A shard that has but one cell to
 * send can see neither; such a cell is parked only when Postgres says that its data is at fault. So are the slices of a key that
 * is alone in its shard.
 *
 * @param course with this failure counted.
 */
export function planAfter(outcome: ApplyOutcome, batch: Attempt, course: Course): NextStep {
  if (outcome.kind === 'applied') return { kind: 'settle' }
  if (outcome.kind === 'rewound') return moveOn({ kind: 'keep' }, outcome, true)
  return blamesCells(outcome) ? planTrouble(outcome, batch, course) : { kind: 'back_off', why: outcome }
}

function planTrouble(why: Explained, batch: Attempt, course: Course): NextStep {
  const { seq, cells, trouble, isOnly } = batch
  if (trouble === null) return { kind: 'back_off', why }
  const tries = isSlow(why) ? 'slow' : 'refused'
  const isOver = course.failures > DOUBT_TRIES[tries]
  const probe = moveOn({ kind: 'probe', seq, nth: course.failures }, why, isOver)
  // Most refusals that an operator must mend pass by themselves, as too many connections do: once more, before the search.
  const isFirst = !batch.hadFailed && course.failures === 1
  if (isFirst && why.kind === 'refused') return { kind: 'back_off', why }
  const isDoubtful = isInDoubt(trouble, course)
  const isSaid = why.kind === 'cell_refused' && isOfFew(batch.onlyKey, course)
  if (cells.length > 1) return isDoubtful && !isSaid ? probe : moveOn(cutOf(seq, why), why, false)
  const hasFailedAgain = trouble.alone >= LONE_TRIES[tries]
  if (hasFailedAgain && (isSaid || !isDoubtful)) return moveOn({ kind: 'park', seq }, why, false)
  if (isDoubtful && isOnly) return { kind: 'back_off', why }
  if (isDoubtful && !isSaid) return probe
  return isOnly ? { kind: 'set_aside', why } : moveOn({ kind: 'aside', seq }, why, false)
}

/** Whether there is nothing to send but cells of one key. It is Postgres's word alone then that they are at fault, so only a few keys. */
function isOfFew(onlyKey: string | null, { parked }: Course): boolean {
  return onlyKey !== null && (parked.has(onlyKey) || parked.size < PARKED_UNSEEN_MAX)
}

function moveOn(recut: Recut, why: Explained, isOver: boolean): NextStep {
  return { kind: 'move_on', recut, why, isOver }
}

/** The fault that a shard shows after one more failure. @param failures in a row. */
export function faultAfter(failed: Failed, failures: number): FlushFault {
  const reason = failed.kind === 'behind' ? 'an earlier copy of the batch may be under way' : failed.reason
  return { kind: failed.kind, reason, failures }
}
