import { z } from 'zod'
import { noticeSchema } from './deployed/notice.ts'
import type { ApplyOutcome } from './flush/batch.ts'

/** Every outcome of sending a batch to Postgres. */
export const OUTCOMES = [
  'applied',
  'behind',
  'ambiguous',
  'cell_refused',
  'refused',
  'rewound',
] as const satisfies readonly ApplyOutcome['kind'][]

export type FlushOutcome = ApplyOutcome['kind']

/**
 * How the flushes of a shard have gone in all its life: batches sent by their outcomes, the time that these took, and
 * moves to another writer. Its numbers only ever rise, and are stored with each step that they count, because a number
 * that an eviction took back would look like a restart to whoever adds up the rises of many shards. See
 * edge/operate/metrics.ts.
 */
export type Tally = Readonly<Record<FlushOutcome, number>> & {
  readonly sentMs: number
  readonly moves: number
}

export const NO_TALLY: Tally = {
  applied: 0,
  behind: 0,
  ambiguous: 0,
  cell_refused: 0,
  refused: 0,
  rewound: 0,
  sentMs: 0,
  moves: 0,
}

/** @param ms from the sending to the outcome. */
export function tallyBatch(tally: Tally, outcome: FlushOutcome, ms: number): Tally {
  return { ...tally, [outcome]: tally[outcome] + 1, sentMs: tally.sentMs + Math.max(0, Math.round(ms)) }
}

export function tallyMove(tally: Tally): Tally {
  return { ...tally, moves: tally.moves + 1 }
}

const count = z.int().min(0)
const instantMs = z.number().meta({ description: 'Epoch milliseconds.' })

const tallied = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count])) as Record<
  (typeof OUTCOMES)[number],
  typeof count
>

const movedSchema = z.strictObject({ atMs: instantMs, reason: z.string() })

/** When a shard moved on to a new writer, and why. */
export type Moved = z.infer<typeof movedSchema>

/** A shard's account of itself, in increments where no other unit is named. */
export const shardStatusSchema = z
  .strictObject({
    shard: z.string().meta({ example: '2026-11-21T20Z/0' }),
    writer: z.string().optional().meta({
      description:
        'Its name in the ledger. Not there of a shard that holds nothing, nor from an older version.',
    }),
    accepted: count.meta({ description: 'Increments ever acknowledged.' }),
    settled: count.meta({ description: 'Of them, those that Postgres has confirmed.' }),
    discarded: count.meta({ description: 'Of them, those that were parked and given up.' }),
    open: z.strictObject({ cells: count, increments: count }),
    frozen: z.strictObject({ batches: count, cells: count, increments: count }),
    parked: z.strictObject({ cells: count, increments: count }),
    journalBytes: count,
    senders: count.meta({ description: 'Isolates that it remembers.' }),
    ids: count.meta({ description: 'Ids and Idempotency-Keys that it remembers.' }),
    labelSets: count.optional().meta({
      description: 'Label sets of its keys that it remembers: each is a slice. Older code leaves this out.',
    }),
    overflowed: z.array(z.string()).optional().meta({
      description:
        "Keys with more label sets than it takes: further ones count in the key's overflow slice. Not all when there are many.",
    }),
    tally: z
      .strictObject({ ...tallied, sentMs: count, moves: count })
      .optional()
      .meta({
        description:
          'Batches ever sent to Postgres by what came of them, the milliseconds that this took, and moves to another writer. Not there of a shard that an older version began.',
      }),
    heldRatio: z.number().min(0).optional().meta({
      description: 'How much of the bound past which its isolate takes no more is used: at 1 it answers 503.',
    }),
    parkedKeys: z
      .array(
        z.strictObject({
          key: z.string(),
          labels: z.record(z.string(), z.string()).optional(),
          reason: z.string(),
          sinceMs: instantMs,
        }),
      )
      .meta({ description: 'Which keys are parked, and why; not all when there are many.' }),
    lagMs: count.meta({
      description: 'Age of the oldest increment that Postgres may not have and that is not parked.',
    }),
    isConserved: z.boolean().meta({
      description:
        'Whether accepted = settled + frozen + open + parked + discarded. Anything else is a bug. [C1]',
    }),
    notices: z.array(noticeSchema).optional().meta({
      description: 'The notices that the hourly cron has left here, if there are any.',
    }),
    fault: z
      .strictObject({ kind: z.string(), reason: z.string(), failures: count })
      .nullable()
      .meta({ description: 'Why the last flush failed, and how many have in a row.' }),
    moved: movedSchema
      .nullable()
      .meta({ description: 'The last time that the shard moved on to a new writer, and why.' }),
  })
  .meta({ id: 'ShardStatus' })

export type ShardStatus = z.infer<typeof shardStatusSchema>

/** A shard as the ledger has it: the increments of all its writers, and the writers that nobody has sealed. */
export type LedgerSum = { readonly increments: number; readonly open: readonly string[] }

/** All that a shard holds, without how its flushes went. */
export type Holdings = Omit<
  ShardStatus,
  'shard' | 'writer' | 'parkedKeys' | 'lagMs' | 'isConserved' | 'fault' | 'heldRatio' | 'notices'
> & {
  /**
   * When the oldest increment arrived that Postgres may not have and that is not parked, in epoch ms; null when it has
   * all.
   */
  readonly oldestMs: number | null
}
