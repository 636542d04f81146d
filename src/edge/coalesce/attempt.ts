import type { MergeAnswer } from '../../model/flight.ts'
import type { Landing } from './queue.ts'

/** A refusal after an attempt without an answer says nothing of that attempt: it may have been counted. */
export function landingOf(
  answer: MergeAnswer | { kind: 'refused'; reason: 'overloaded' },
  attempt: number,
): Landing {
  if (answer.kind === 'accepted') return answer
  return { kind: attempt === 1 ? 'refused' : 'unknown', reason: answer.reason }
}

/**
 * Why a call got no answer, for whoever asked and for the log. What a shard's own code has thrown may quote what it
 * choked on, and is told by its name; the platform's errors are told in its words.
 * Source of `remote`: Durable Objects, error handling.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  const isItsOwn = 'remote' in error && error.remote === true
  return isItsOwn ? `the shard threw ${error.name}` : error.message.slice(0, 200)
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
