import type { ApplyOutcome } from './batch.ts'

/** What can come of a batch that is sent to Postgres. */
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
 * What the flushes of a shard have come to in all its life: batches sent by what came of them, the time that these
 * took, and moves to another writer. It only ever rises, and is stored with each step that it counts: a count that an
 * eviction took back would look like a restart to whoever adds up the rises of many shards. See edge/metrics.ts.
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
