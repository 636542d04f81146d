import { z } from 'zod'
import { LOGGED_SHARDS_MAX } from '../../limits.ts'
import type { LogLine } from '../../log.ts'
import { must } from '../../model/assert.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { FlightOutcome } from '../coalesce/queue.ts'
import type { Problem } from '../http/problem.ts'
import type { Part } from './partition.ts'
import { indexesOf } from './partition.ts'

/** The answer when every item is durable, or known not to count. */
export const ingestedSchema = z
  .strictObject({
    accepted: z.int().min(0).meta({ description: 'Counted, durably.' }),
    duplicates: z.int().min(0).meta({ description: 'Counted before under the same id or Idempotency-Key.' }),
    conflicts: z.array(z.int().min(0)).meta({
      description: 'Items by index whose id came before with other content: not counted.',
    }),
  })
  .meta({ id: 'Ingested' })

export type Ingested = z.infer<typeof ingestedSchema>

/** The fate of an item. */
type Outcome = 'accepted' | 'duplicate' | 'conflict' | 'refused' | 'unknown'

/**
 * The answer to a request, made from what became of its parts.
 *
 * @param outcomes of the parts, in their order.
 * @param count of the request's items.
 * @param isNamed whether all of its items have names, so that sending it again counts nothing twice.
 */
export function summarise(
  parts: readonly Part[],
  outcomes: readonly FlightOutcome[],
  count: number,
  isNamed: boolean,
): Result<Ingested, Problem> {
  if (!isNamed && outcomes.every((outcome) => outcome.kind === 'accepted' && outcome.named === undefined)) {
    return ok({ accepted: count, duplicates: 0, conflicts: [] })
  }
  const { accepted, duplicate, conflict, refused, unknown } = indexesByOutcome(parts, outcomes)
  if (refused.length + unknown.length > 0) {
    const canRepeat = isNamed || refused.length === count
    return fail({ kind: 'not_all_counted', refused, unknown, canRepeat, reasons: reasonsOf(outcomes) })
  }
  if (conflict.length === count && count > 0 && hasOneName(parts)) return fail({ kind: 'id_conflict' })
  return ok({ accepted: accepted.length, duplicates: duplicate.length, conflicts: conflict })
}

/** Whether all items have one name. */
function hasOneName(parts: readonly Part[]): boolean {
  return new Set(parts.flatMap(({ named }) => named.map(({ id }) => id))).size === 1
}

/** The request's items by what became of them, each list ascending. */
function indexesByOutcome(
  parts: readonly Part[],
  outcomes: readonly FlightOutcome[],
): Record<Outcome, number[]> {
  const indexes: Record<Outcome, number[]> = {
    accepted: [],
    duplicate: [],
    conflict: [],
    refused: [],
    unknown: [],
  }
  for (const [i, part] of parts.entries()) {
    const outcome = must(outcomes[i], 'what became of a part')
    indexes[outcome.kind].push(...indexesOf(part))
    for (const [j, own] of part.namedIndexes.entries()) {
      const result = outcome.kind === 'accepted' ? outcome.named?.[j] : outcome.kind
      // A shard answers for each of its entries; where it does not, that is as good as no answer.
      indexes[result ?? 'unknown'].push(...own)
    }
  }
  for (const list of Object.values(indexes)) list.sort((a, b) => a - b)
  return indexes
}

/** Each reason once. */
function reasonsOf(outcomes: readonly FlightOutcome[]): string[] {
  return [...new Set(outcomes.flatMap((outcome) => (outcome.kind === 'accepted' ? [] : [outcome.reason])))]
}

/** The log line for a request that was not counted whole: how much, in which shards, and why. No keys, no values. */
export function describeNotCounted(
  parts: readonly Part[],
  outcomes: readonly FlightOutcome[],
  items: number,
  { refused, unknown }: Extract<Problem, { kind: 'not_all_counted' }>,
): LogLine {
  const failed = parts.filter((_, i) => outcomes[i]?.kind !== 'accepted')
  return {
    message: 'not all counted',
    items,
    refused: refused.length,
    unknown: unknown.length,
    shards: [...new Set(failed.map(({ shard }) => shard))].slice(0, LOGGED_SHARDS_MAX),
    reasons: reasonsOf(outcomes).slice(0, LOGGED_SHARDS_MAX),
  }
}
