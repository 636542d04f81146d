import { z } from 'zod'
import type { FlightOutcome } from '../coalesce/queue.ts'
import type { Problem } from '../http/problem.ts'
import type { Part } from './partition.ts'

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

/** What became of each of a request's items, by index. */
type Outcome = 'accepted' | 'duplicate' | 'conflict' | 'refused' | 'unknown'

/**
 * The answer to a request, out of what became of its parts.
 *
 * @param isNamed whether all of its items have names, so that sending it again counts nothing twice.
 */
export function summarise(
  parts: readonly Part[],
  landings: readonly FlightOutcome[],
  count: number,
  isNamed: boolean,
): Ingested | Problem {
  if (!isNamed && landings.every((landing) => landing.kind === 'accepted' && landing.named === undefined)) {
    return { accepted: count, duplicates: 0, conflicts: [] }
  }
  const indexes = byOutcome(parts, landings)
  const { accepted, duplicate, conflict, refused, unknown } = indexes
  if (refused.length + unknown.length > 0) return notAllCounted(indexes, landings, count, isNamed)
  if (conflict.length === count && count > 0 && isAlone(parts)) return { kind: 'id_conflict' }
  return { accepted: accepted.length, duplicates: duplicate.length, conflicts: conflict }
}

/** Whether all items stand under one name. */
function isAlone(parts: readonly Part[]): boolean {
  return new Set(parts.flatMap(({ named }) => named.map(({ id }) => id))).size === 1
}

type Indexes = Record<Outcome, number[]>

function byOutcome(parts: readonly Part[], landings: readonly FlightOutcome[]): Indexes {
  const indexes: Indexes = { accepted: [], duplicate: [], conflict: [], refused: [], unknown: [] }
  for (const [i, part] of parts.entries()) {
    const landing = landings[i]
    if (landing === undefined) continue
    indexes[landing.kind].push(...part.indexes)
    for (const [j, own] of part.namedIndexes.entries()) {
      const result = landing.kind === 'accepted' ? landing.named?.[j] : landing.kind
      indexes[result ?? 'unknown'].push(...own)
    }
  }
  for (const list of Object.values(indexes)) list.sort((a, b) => a - b)
  return indexes
}

function notAllCounted(
  { refused, unknown }: Indexes,
  landings: readonly FlightOutcome[],
  count: number,
  isNamed: boolean,
): Problem {
  const reasons = new Set(landings.flatMap((l) => (l.kind === 'accepted' ? [] : [l.reason])))
  return {
    kind: 'not_all_counted',
    refused,
    unknown,
    canRepeat: isNamed || refused.length === count,
    reasons: [...reasons],
  }
}
