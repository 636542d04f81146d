import { NO_TALLY, type ShardStatus } from '../../../src/model/status.ts'

/** A shard that holds nothing. */
export const EMPTY_STATUS: ShardStatus = {
  shard: '',
  accepted: 0,
  settled: 0,
  discarded: 0,
  open: { cells: 0, increments: 0 },
  frozen: { batches: 0, cells: 0, increments: 0 },
  parked: { cells: 0, increments: 0 },
  journalBytes: 0,
  senders: 0,
  ids: 0,
  tally: NO_TALLY,
  heldRatio: 0,
  parkedKeys: [],
  lagMs: 0,
  isConserved: true,
  fault: null,
  moved: null,
}
