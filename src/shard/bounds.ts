import {
  BATCH_CELLS_MAX,
  FLIGHT_BYTES_MAX,
  FLUSH_BYTES,
  FLUSH_CELLS,
  FOLD_BYTES,
  FOLD_FLIGHTS,
  LABEL_SETS_MAX,
  SENDERS_MAX,
} from '../limits.ts'

/**
 * The bounds that a shard takes as a parameter, so that a simulation reaches within seconds what production reaches within
 * days. src/limits.ts has their reasons.
 */
export type ShardLimits = {
  readonly batchCells: number
  /** Bytes of a row: of the journal, and of a frozen batch. */
  readonly rowBytes: number
  readonly flushCells: number
  readonly flushBytes: number
  readonly foldBytes: number
  readonly foldFlights: number
  readonly senders: number
  /** Label sets of one key. */
  readonly labelSets: number
}

export const SHARD_LIMITS: ShardLimits = Object.freeze({
  batchCells: BATCH_CELLS_MAX,
  rowBytes: FLIGHT_BYTES_MAX,
  flushCells: FLUSH_CELLS,
  flushBytes: FLUSH_BYTES,
  foldBytes: FOLD_BYTES,
  foldFlights: FOLD_FLIGHTS,
  senders: SENDERS_MAX,
  labelSets: LABEL_SETS_MAX,
})
