import { KIB, MIB, SECOND } from './units.ts'

/** Bytes of a delivery in a foreign format, decompressed. Logpush sends 5 MB and more, other shippers less. */
export const DELIVERY_BYTES_MAX = 64 * MIB

/** Records in one delivery: twice what Logpush sends at most. */
export const DELIVERY_RECORDS_MAX = 200_000

/**
 * Cells that the records of one delivery may add up to, and their encoded bytes: a third of what the shards of an
 * isolate hold, so that a delivery that is refused for want of room is taken later. Past it: 413.
 */
export const DELIVERY_CELLS_MAX = 50_000
export const DELIVERY_CELL_BYTES_MAX = 6 * MIB

/** Bytes of a body for each part that a shard gets of it, so that a part is rarely larger than a flight. */
export const DELIVERY_PART_BYTES = 1 * MIB

/** Encoded bytes of the parts that are sent together. The next ones wait for the answer. */
export const DELIVERY_WAVE_BYTES = 4 * MIB

/** Bodies of more than REQUEST_BYTES_MAX that an isolate reads at a time. Another one is answered 503. */
export const LARGE_BODIES_MAX = 2

/** A large body of which nothing has come for so long is taken for lost with its request. */
export const LARGE_BODY_REST_MS_MAX = 60 * SECOND

/** Seconds after which a body is asked to come back that found LARGE_BODIES_MAX others. One takes a second or two. */
export const LARGE_BODY_RETRY_SECONDS = 2

/** Bytes of a body that is read at once and worked on piece by piece, so that others are served in between. */
export const BODY_PIECE_BYTES = 256 * KIB

/** Bytes that are decompressed at a time. */
export const GUNZIP_BYTES = 64 * KIB

/** Faults of records that an answer tells. It counts the others. */
export const RECORD_FAULTS_TOLD_MAX = 20

/** Bytes of a record: a line, or an element of an array. Logs of requests have some 1 kB. */
export const RECORD_BYTES_MAX = 256 * KIB

/** Bytes of a JSON document that is no array: one record, or an object that holds the records. */
export const DOCUMENT_BYTES_MAX = 4 * MIB

/** Arrays and objects within each other in a record. */
export const RECORD_DEPTH_MAX = 64

/** Bytes of records after which others of the isolate are served: some ms of work. */
export const RECORDS_PAUSE_BYTES = 512 * KIB

/** Meters that one request may name. */
export const METERS_AT_ONCE_MAX = 8
