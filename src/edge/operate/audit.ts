import { z } from 'zod'
import type { LedgerSum, ShardStatus } from '../../model/status.ts'

export const NOTHING_IN_LEDGER: LedgerSum = { increments: 0, open: [] }

/** Why the ledger does not have what a shard says. */
const REASONS = {
  other_writers:
    'The ledger has open writers of this shard that are not its own. Another Worker counts into this database (give each ' +
    "its own), or this Worker's storage was deleted or put back.",
  ledger_behind:
    'The ledger lacks increments that this shard has settled. Postgres was put back to an earlier time, or rows of ' +
    '`sumdial.ledger` were changed.',
  ledger_ahead:
    "The ledger has increments that this shard does not know. The shard's storage was put back to an earlier time, another " +
    'Worker counts into this database, or rows of `sumdial.ledger` were changed.',
} as const

export type Disagreement = keyof typeof REASONS

export const DISAGREEMENTS = Object.keys(REASONS) as readonly Disagreement[]

export const auditSchema = z
  .strictObject({
    increments: z.int(),
    agrees: z.boolean(),
    reason: z
      .enum(DISAGREEMENTS)
      .optional()
      .meta({ description: 'Why it does not agree; not there when it does.' }),
    detail: z.string().optional().meta({ description: 'The reason in words, and what to do.' }),
  })
  .meta({
    description:
      'The increments that the ledger has of the shard, and whether settled <= ledger <= settled + frozen. A shard that has ' +
      'retired has forgotten its figures: it agrees when all of its writers are sealed. [C1]',
  })

export type Audit = z.infer<typeof auditSchema>

/**
 * Compares the ledger with a shard that was asked before and after it: the increments that the shard had settled before must
 * be in the ledger, and those in the ledger must be settled or frozen after. [C1]
 */
export function auditOf(before: ShardStatus, ledger: LedgerSum, after: ShardStatus): Audit {
  const { increments } = ledger
  const reason = disagreement(before, ledger, after)
  return reason === undefined
    ? { increments, agrees: true }
    : { increments, agrees: false, reason, detail: REASONS[reason] }
}

function disagreement(
  before: ShardStatus,
  { increments, open }: LedgerSum,
  after: ShardStatus,
): Disagreement | undefined {
  if (increments < before.settled) return 'ledger_behind'
  if (increments <= after.settled + after.frozen.increments) return undefined
  // A shard of an older deployed version does not say its writer.
  const isUnknown = after.accepted > 0 && after.writer === undefined
  const hasOthers = open.some((writer) => writer !== before.writer && writer !== after.writer)
  if (hasOthers && !isUnknown) return 'other_writers'
  return after.accepted === 0 && open.length === 0 ? undefined : 'ledger_ahead'
}
