import type { MergeAnswer } from '../../model/flight.ts'
import type { FlightOutcome } from './queue.ts'

/**
 * The outcome of a flight after an attempt that was answered. A refusal after an attempt without an answer proves nothing,
 * because that attempt may have been counted.
 *
 * @param attempt from 1.
 */
export function outcomeOf(
  answer: MergeAnswer | { kind: 'refused'; reason: 'overloaded' },
  attempt: number,
): FlightOutcome {
  if (answer.kind === 'accepted') return answer
  return { kind: attempt === 1 ? 'refused' : 'unknown', reason: answer.reason }
}

/**
 * Whether a call never reached its shard because too many calls wait there. A reset while storage was slow is marked as
 * overloaded too, but then the flight may have been journaled, so it is tried again like any other.
 */
export function isOverloaded(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('overloaded' in error)) return false
  const isReset = 'durableObjectReset' in error && error.durableObjectReset === true
  return error.overloaded === true && !isReset
}
