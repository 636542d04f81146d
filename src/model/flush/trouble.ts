import {
  PASSING_TRIES,
  SEARCH_FAILURES_MAX,
  SEARCH_STATEMENT_MS_MAX,
  SLOW_CELLS_APART,
  STATEMENT_MS_MAX,
} from '../../limits.ts'
import type { RetryWait } from '../retry.ts'
import type { ApplyOutcome, Explained } from './batch.ts'

/**
 * The failures of a frozen batch; null when it has not failed. Batches cut from it take it over. It is kept in
 * memory alone, so a new instance tries everything anew.
 */
export type Trouble = {
  /** The last failure. */
  readonly why: Explained
  /** How many batches had got through when it first failed. */
  readonly since: number
  /** Whether it would fail as it stands, because it has, or because what was taken out of it got through. */
  readonly isKnown: boolean
  /** How often its one cell has failed by itself, and how many batches had got through when it last did. */
  readonly alone: number
  readonly aloneAt: number
  /** How long a cell that failed by itself is left alone, unless something else gets through. */
  readonly wait: RetryWait
}

/** How Postgres has taken the batches of a shard's instance. */
export type Course = {
  /** Batches that have got through, ever. */
  readonly throughs: number
  /** Failures since then that cells may have caused. */
  readonly failures: number
  /** Keys of which cells were parked since then. */
  readonly parked: ReadonlySet<string>
}

export const NO_COURSE: Course = { throughs: 0, failures: 0, parked: new Set() }

/** Counts an outcome. @param before what the batch had been through. */
export function courseAfter(
  { throughs, failures, parked }: Course,
  outcome: ApplyOutcome,
  before: Trouble | null,
): Course {
  if (outcome.kind === 'applied') return { ...NO_COURSE, throughs: throughs + 1 }
  // A cell that fails again, by itself and after others have got through, only shows what was known.
  const isConfirmed = before !== null && before.alone > 0 && before.aloneAt < throughs
  return { throughs, failures: isConfirmed || !blamesCells(outcome) ? failures : failures + 1, parked }
}

/**
 * Takes an answer that mostly passes by itself, such as a failed serialization, for a refusal once it has come again and
 * again: a user's trigger can raise any SQLSTATE.
 *
 * @param failures of flushes in a row, before this.
 */
export function hardened(outcome: ApplyOutcome, before: Trouble | null, failures: number): ApplyOutcome {
  if (outcome.kind !== 'ambiguous' || outcome.isTimeout || outcome.isAnswered !== true) return outcome
  const hasStayed = before !== null || failures >= PASSING_TRIES
  return hasStayed ? { kind: 'refused', reason: outcome.reason } : outcome
}

/** A failure that a cell may have caused: a refusal with any SQLSTATE, or a statement that took all of its time. */
export function blamesCells(outcome: ApplyOutcome): outcome is Explained {
  switch (outcome.kind) {
    case 'cell_refused':
    case 'refused':
      return true
    case 'ambiguous':
      return outcome.isTimeout
    case 'applied':
    case 'behind':
    case 'rewound':
      return false
  }
}

/** A batch as far as plans look at it. */
export type Tried = {
  readonly seq: number
  readonly cells: { readonly length: number }
  readonly trouble: Trouble | null
}

/** Counts a failure of a batch. @param throughs how many batches have got through by now. */
export function troubleAfter(
  { cells, trouble }: Omit<Tried, 'seq'>,
  why: Explained,
  throughs: number,
  wait: RetryWait,
): Trouble {
  const { since = throughs, alone = 0, aloneAt = throughs } = trouble ?? {}
  return cells.length === 1
    ? { why, since, isKnown: true, alone: alone + 1, aloneAt: throughs, wait }
    : { why, since, isKnown: true, alone, aloneAt, wait }
}

/** Whether nothing shows that Postgres takes other cells than these, so that Postgres may be at fault. */
export function isInDoubt({ since }: Trouble, { throughs, failures }: Course): boolean {
  return throughs <= since || failures > SEARCH_FAILURES_MAX
}

/**
 * How long a batch's statement may take. In a search for slow cells few cells have less time, because each of those that are
 * at fault takes all of it, and others wait. A cell that has failed by itself has all of the time again: it may only have
 * waited for a lock, and the others are through.
 */
export function withinMs({ cells, trouble }: Pick<Tried, 'cells' | 'trouble'>, course: Course): number {
  if (trouble === null || trouble.alone > 0 || cells.length > SLOW_CELLS_APART) return STATEMENT_MS_MAX
  return isSlow(trouble.why) && !isInDoubt(trouble, course) ? SEARCH_STATEMENT_MS_MAX : STATEMENT_MS_MAX
}

/** Whether a failure took all of a statement's time. */
export function isSlow({ kind }: Explained): boolean {
  return kind === 'ambiguous'
}

/** Whether a cell that failed by itself is tried again before others: others have got through since, and it costs no time. */
export function isRipe({ alone, aloneAt, why }: Trouble, throughs: number): boolean {
  return alone > 0 && aloneAt < throughs && !isSlow(why)
}
