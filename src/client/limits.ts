/**
 * The client's own bounds, each with its unit and reason. It imports nothing, so those of the server that it must
 * keep to stand here again; test/client/limits.test.ts holds them together.
 */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000

/** UTF-8 bytes of a key, and of an id: the server's. */
export const KEY_BYTES_MAX = 512
export const ID_BYTES_MAX = 64

/** Epoch ms that the server takes as `at`: years 1000 to 9998. */
export const AT_MS_MIN = Date.UTC(1000, 0)
export const AT_MS_END = Date.UTC(9999, 0)

/** Increments that the server takes in one request. */
export const REQUEST_ITEMS_MAX = 10_000

/** Increments in one request: a tenth of what the server takes, so that one bad answer costs little to send again. */
export const BATCH_MAX = 1_000

/** Bytes in one request: a quarter of what the server takes. */
export const BATCH_BYTES_MAX = 1 * MIB

/**
 * Bytes of all requests in flight that outlive their page, and of one batch there: 64 KiB is what browsers allow.
 * Source: Fetch, "HTTP-network-or-cache fetch", 8.10.5. A little less, for other requests of the page.
 */
export const KEEPALIVE_BYTES_MAX = 60 * KIB

/** Requests under way or waiting to be tried again. While so many are, what comes gathers in larger batches. */
export const DELIVERIES_MAX = 4

/**
 * Requests beside those under way, each time a page is hidden: twice as many as run, so that in an outage a tab that is
 * switched often does not send all of it each time.
 */
export const BESIDE_MAX = 2 * DELIVERIES_MAX

/** How long an increment waits for others. */
export const LINGER_MS = 1 * SECOND

/** As long as an increment may be asked to wait: timers of more than 24 days ring at once. */
export const LINGER_MS_MAX = 3_600 * SECOND

/** What it holds that is not acknowledged: about an increment a millisecond for a minute and a half. */
export const HELD_MAX = 100_000
export const HELD_BYTES_MAX = 16 * MIB

/** Time for one request: the server answers within 20 s, and what is later is sent again under the same name. */
export const REQUEST_MS_MAX = 30 * SECOND

/** The waits between tries of one batch. */
export const RETRY_MS = { minMs: 200, maxMs: 30 * SECOND }

/** `Retry-After` is obeyed up to here, so that a mistaken one does not silence a client for good. */
export const RETRY_AFTER_MS_MAX = 600 * SECOND

/** How long close() tries. */
export const CLOSE_MS = 10 * SECOND

/** The longest that setTimeout waits, 24.8 days: it keeps a signed 32-bit number of ms, and rings at once past that. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** Tries of one batch that have failed before a word is said of it: short outages pass by themselves. */
export const FAILURES_UNSAID = 3

/** Between two lines on the console of one kind. */
export const WARN_EVERY_MS = 60 * SECOND
