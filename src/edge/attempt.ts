import type { MergeAnswer } from '../model/flight.ts'
import type { Landing } from './line.ts'

/** A refusal after an attempt without an answer says nothing of that attempt: it may have been counted. */
export function landingOf(
  answer: MergeAnswer | { kind: 'refused'; reason: 'overloaded' },
  attempt: number,
): Landing {
  if (answer.kind === 'accepted') return answer
  return { kind: attempt === 1 ? 'refused' : 'unknown', reason: answer.reason }
}

/**
 * Whether the shard was never reached, because too much waits for it. A reset while storage was slow carries the same
 * mark, and there the flight may have been journaled: that one is tried again like any other.
 */
export function isOverloaded(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('overloaded' in error)) return false
  const isReset = 'durableObjectReset' in error && error.durableObjectReset === true
  return error.overloaded === true && !isReset
}
