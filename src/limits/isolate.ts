import { KIB, MIB, MINUTE, SECOND } from './units.ts'

/**
 * Encoded bytes of a flight, and of a journal row or batch made from one: half of a Durable Object's row, which leaves
 * room for what an estimate misses.
 */
export const FLIGHT_BYTES_MAX = 1 * MIB

/**
 * Keys whose texts an isolate keeps from one request to the next, and their bytes: some 3 MB with all that belongs to
 * them. As many label sets of OpenTelemetry.
 */
export const KNOWN_TEXTS_MAX = 16_384
export const KNOWN_TEXT_BYTES_MAX = 1 * MIB

/** Bytes of attributes that are kept: eight labels of usual length take a few hundred. */
export const KNOWN_ATTRIBUTE_BYTES_MAX = 2 * KIB

/** Keys with label sets of OpenTelemetry whose texts an isolate keeps, and their characters: some 4 MB. */
export const KNOWN_SLICES_MAX = 16_384
export const KNOWN_SLICE_CHARACTERS_MAX = 2 * MIB

/**
 * Keys that an isolate learns from one body: a few, one more for so many bytes of the body, and at most so many. To
 * learn a key takes 2 us and more, ten times what JSON.parse and the check take for it, and a known key saves a tenth
 * of a us. Without the bound 10,000 new keys took 37 ms, and 96 ms when they were long; with it 5 and 18 ms, of which
 * JSON.parse and the check take 3 and 14.
 */
export const LEARNED_KEYS_MIN = 4
export const LEARNED_KEY_BYTES = 2 * KIB
export const LEARNED_KEYS_MAX = 64

/** Bytes that wait for, or fly to, all shards of an isolate. Past that, requests are answered 503. */
export const WAITING_BYTES_MAX = 24 * MIB

/** Bytes that wait for, or fly to, one shard, so that a shard that is stuck does not take the room of the others. */
export const WAITING_BYTES_PER_SHARD_MAX = 12 * MIB

/** How long a request waits for its turn, or for its flight to land, before its items are reported as unknown. */
export const WAIT_MS_MAX = 10 * SECOND

/** How long a flight is tried. A request that waits and then leads a flight is so answered within 20 s. */
export const FLIGHT_MS_MAX = 10 * SECOND

/** How long one attempt of a flight may take before it is tried again under the same name. */
export const ATTEMPT_MS_MAX = 4 * SECOND

/** Attempts of one flight: three, as the platform's own guide advises; and the waits between them. */
export const ATTEMPTS_MAX = 3
export const FLIGHT_RETRY_MS = { minMs: 50, maxMs: 1 * SECOND }

/** After so long without a landing, the next request takes the lead over from one that was lost. */
export const LEAD_LEASE_MS = 15 * SECOND

/** How long a queue at rest remembers how many requests were aboard its last flight. */
export const QUEUE_REST_MS_MAX = 60 * SECOND

/**
 * How long a flight waits in its isolate, in milliseconds, when its requests bring so many bytes each (some 70
 * increments) and the last flight was shared, or when few requests follow many; see model/linger.ts. A shard pays for
 * arrays once for all that are aboard: with arrays of 1,000 over 16 connections 3 requests share a flight without this
 * wait, 15 share one with it, and a shard takes 1.4 times as many a second.
 */
export const HEAVY_REQUEST_BYTES = 8 * KIB
export const SHORT_LINGER_MS = 2

/** How long before the turn of the hour an isolate wakes the next hour's shards, because a name's first use is slow. */
export const WAKE_AHEAD_MS = 2 * MINUTE

/** Shards that one isolate wakes then: fewer than a free plan's calls a request. The others wake with a flight. */
export const WAKE_SHARDS_MAX = 32

/**
 * Characters of a signed token, and such tokens that an isolate remembers as verified: 2 MB of texts, and as much of what
 * they say. To verify one and read its rights took 25 to 38 us, to find it again 1.4 us (workerd 1.20261102 on 2 busy
 * cores).
 */
export const SIGNED_TOKEN_CHARACTERS_MAX = 2_048
export const VERIFIED_TOKENS_MAX = 1_000
