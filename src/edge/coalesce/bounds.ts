import { FLIGHT_BYTES_MAX, WAITING_BYTES_MAX, WAITING_BYTES_PER_SHARD_MAX } from '../../limits.ts'

/** The bounds, in bytes, that the coalescer takes as a parameter, so that tests reach them. See src/limits.ts. */
export type CoalescerLimits = {
  readonly flightBytes: number
  /** Bytes that form and are in the air, for all shards and for one. */
  readonly waitingBytes: number
  readonly waitingBytesPerShard: number
}

export const COALESCER_LIMITS: CoalescerLimits = Object.freeze({
  flightBytes: FLIGHT_BYTES_MAX,
  waitingBytes: WAITING_BYTES_MAX,
  waitingBytesPerShard: WAITING_BYTES_PER_SHARD_MAX,
})
