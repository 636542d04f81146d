import { LOGGED_SHARDS_MAX } from '../../limits.ts'
import type { LogLine } from '../../log.ts'
import type { FlightOutcome } from '../coalesce/queue.ts'
import type { Problem } from '../http/problem.ts'
import type { Part } from './partition.ts'

/** The line for a request that was not counted whole: how much of it, by which shards and why. No keys, no values. */
export function tellNotCounted(
  parts: readonly Part[],
  landings: readonly FlightOutcome[],
  items: number,
  { refused, unknown }: Extract<Problem, { kind: 'not_all_counted' }>,
): LogLine {
  const failed = landings.flatMap((landing, i) => {
    const shard = parts[i]?.shard
    return landing.kind === 'accepted' || shard === undefined ? [] : [{ shard, reason: landing.reason }]
  })
  return {
    message: 'not all counted',
    items,
    refused: refused.length,
    unknown: unknown.length,
    shards: [...new Set(failed.map(({ shard }) => shard))].slice(0, LOGGED_SHARDS_MAX),
    reasons: [...new Set(failed.map(({ reason }) => reason))].slice(0, LOGGED_SHARDS_MAX),
  }
}
