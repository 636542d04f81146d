import { MIB, MINUTE } from './units.ts'

/**
 * A flight that carries so many increments, or whose predecessor had so many requests aboard, does not wait in its
 * shard. A call and a row of the journal cost $1.15 a million; shared by 16 that is $0.07 for a million increments, a
 * quarter of what their requests cost.
 */
export const CROWDED_FLIGHT = 16

/**
 * After so many flights in a row from one isolate, of one increment each, nobody waits: a lone client would wait in
 * vain.
 */
export const ONE_CLIENT_FLIGHTS = 8

/** Cells held by all shards of an isolate, open, frozen and parked. Past that: 503, and everything accepted stays. */
export const HELD_CELLS_MAX = 150_000

/**
 * Label sets of one key that a shard takes in its hour. Further ones count in the key's sum and in its overflow slice, so
 * that a label with an id in it costs a bounded number of rows.
 */
export const LABEL_SETS_MAX = 1_000

/** The part of the bounds on held cells and bytes past which no new label sets are taken: labels give way before ingest. */
export const LABELS_GIVE_WAY_RATIO = 0.5

/** Encoded bytes held by all shards of an isolate, because cells may have long keys. */
export const HELD_BYTES_MAX = 26 * MIB

/**
 * Bytes of the heap that a held cell, and a held byte, take at most. While a shard refused, froze and flushed, the
 * whole heap had 49 MB at HELD_CELLS_MAX with keys of 30 bytes, and 83 MB at HELD_BYTES_MAX with keys of 512. Source:
 * docs/measurements.md, Memory.
 */
export const HEAP_BYTES_PER_HELD_CELL = 350
export const HEAP_BYTES_PER_HELD_BYTE = 3

/** Journal bytes held by all shards of an isolate: they bound how long a replay takes. */
export const JOURNAL_BYTES_MAX = 96 * MIB

/**
 * Ids that all shards of an isolate remember. They are in storage alone, some 100 bytes and one row written each, until
 * their hour closes; the bound keeps an object far below the platform's 10 GB.
 */
export const IDS_MAX = 5_000_000

/** Senders that one shard remembers: one for each isolate that ever sent to it, about 100 bytes each. */
export const SENDERS_MAX = 100_000

/**
 * Open cells, and their encoded bytes, from which a shard flushes at once instead of at the next interval: two full
 * batches.
 */
export const FLUSH_CELLS = 10_000
export const FLUSH_BYTES = 4 * MIB

/** The journal is folded when, since the last fold, it has grown past this and past the size of what it adds up to. */
export const FOLD_BYTES = 4 * MIB

/**
 * The journal is folded also when it has so many flights. A replay takes 20 us a row, whatever its size: 150,000 lone
 * increments with keys of their own, which are never as large as what they add up to, took 3 s. A fold of as many cells
 * takes 0.2 s.
 */
export const FOLD_FLIGHTS = 20_000

/** A shard closes so long after the edge does, because their clocks may differ and requests dawdle. */
export const CLOSE_GRACE_MS = 10 * MINUTE

/** A shard that holds nothing retires so long after the edge has closed its hour. */
export const RETIRE_GRACE_MS = 70 * MINUTE

/** An alarm that is so late is taken for lost, and armed again. The platform's own delay is below ALARM_DELAY_MS. */
export const ALARM_OVERDUE_MS = 2 * MINUTE
export const ALARM_DELAY_MS = 1 * MINUTE

/**
 * Keys of hits that a shard admits under one prefix. Everyone who sees a page can make up keys, so a page's token gets as
 * many as most sites have pages.
 */
export const HIT_KEYS_PER_PREFIX_MAX = 1_000

/**
 * Bytes that a shard, and each isolate in front, may spend on remembering the keys of hits over all prefixes; and how many
 * a key takes beside its characters, of two bytes each: some 64,000 keys of 50 characters, or all of nine hostile tokens.
 */
export const HIT_KEYS_BYTES_MAX = 10 * MIB
export const HIT_KEY_BYTES = 64
