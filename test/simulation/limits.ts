import type { CoalescerLimits } from '../../src/edge/coalesce/limits.ts'
import { SHARD_LIMITS, type ShardLimits } from '../../src/shard/limits.ts'

/**
 * Bounds so small that a run of seconds folds journals, cuts backlogs into many batches and comes up against what is full.
 * All else of the production code is as it stands.
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
}
