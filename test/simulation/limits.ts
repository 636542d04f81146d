import type { CoalescerLimits } from '../../src/edge/coalesce/bounds.ts'
import { SHARD_LIMITS, type ShardLimits } from '../../src/shard/bounds.ts'

/**
 * Bounds so small that within seconds a run folds journals, cuts backlogs into many batches and reaches what is full.
 * The rest of the production code is unchanged.
 */
export const SMALL_COALESCER: CoalescerLimits = {
  flightBytes: 4_096,
  waitingBytesPerShard: 16_384,
  waitingBytes: 32_768,
}

export const SMALL_SHARD: ShardLimits = {
  ...SHARD_LIMITS,
  batchCells: 3,
  rowBytes: SMALL_COALESCER.flightBytes,
  flushCells: 12,
  foldBytes: 600,
  senders: 40,
  labelSets: 3,
}
