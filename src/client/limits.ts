/**
 * The client's own bounds, each with its unit and reason. The client imports nothing of the server, so the server's bounds
 * that it must keep to are repeated here; test/client/client.test.ts compares the two.
 */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000

/** The server's bounds on a key and on an id, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 512
export const ID_BYTES_MAX = 64

/** The server's bounds on labels: how many, characters of a name, bytes of a value, and of key and labels together. */
export const LABELS_MAX = 8
export const LABEL_NAME_CHARS_MAX = 64
export const LABEL_VALUE_BYTES_MAX = 128
export const SLICE_BYTES_MAX = 1024

/** The server's bounds on `at`, in epoch milliseconds: the years 1000 to 9998. */
export const AT_MS_MIN = Date.UTC(1000, 0)
export const AT_MS_END = Date.UTC(9999, 0)

/** The server's bound on the increments of one request. */
export const REQUEST_ITEMS_MAX = 10_000

/**
 * Characters of an address behind its path, in a read of several keys: Cloudflare takes addresses of 16 KB, and many
 * proxies lines of 8 KB. A key of 512 bytes takes up to 1,536 of them.
 */
export const SEARCH_CHARS_MAX = 7_000

/** Increments in one request: a tenth of the server's bound, so that one lost answer costs little to send again. */
export const BATCH_MAX = 1_000

/**
 * Hours in one request, and its increments when they are of more than one. Each shard of an hour is a call of the server's
 * Worker, and an object that may have to start. As many increments as the server allows shards are never too many, however
 * many shards an hour has. On a machine with six times more work than cores 660 old hours took 28 % less of the server's time
 * in fours than one by one; in eights, four requests at a time, flights of 4 s were too late and were sent again.
 */
export const BATCH_HOURS_MAX = 4
export const BATCH_MIXED_MAX = 256

/** Bytes in one request: a quarter of the server's bound. */
export const BATCH_BYTES_MAX = 1 * MIB

/**
 * Bytes of all requests in flight that outlive their page, and of one batch in a page. Browsers allow 64 KiB (Fetch,
 * "HTTP-network-or-cache fetch", 8.10.5); the rest is left to other requests of the page.
 */
export const KEEPALIVE_BYTES_MAX = 60 * KIB

/** Requests under way or waiting for a retry. While there are so many, new increments gather in larger batches. */
export const DELIVERIES_MAX = 4

/**
 * Further requests each time a page is hidden: twice DELIVERIES_MAX, so that in an outage a tab that is hidden often does
 * not send everything each time.
 */
export const BESIDE_MAX = 2 * DELIVERIES_MAX

/** How long an increment waits for others to share its request. */
export const LINGER_MS = 1 * SECOND

/** The longest wait that may be configured; a timer of more than 24 days would ring at once. */
export const LINGER_MS_MAX = 3_600 * SECOND

/** Increments held until they are acknowledged: at 1,000 a second, those of a minute and a half. */
export const HELD_MAX = 100_000
export const HELD_BYTES_MAX = 16 * MIB

/** Time for one request. The server answers within 28 s; a later answer is not waited for, and the request is sent again. */
export const REQUEST_MS_MAX = 30 * SECOND

/** Bounds on the wait between two tries of one batch. */
export const RETRY_MS = { minMs: 200, maxMs: 30 * SECOND }

/** The longest `Retry-After` that is obeyed, so that a mistaken one does not silence a client for good. */
export const RETRY_AFTER_MS_MAX = 600 * SECOND

/** How long close() tries by default. */
export const CLOSE_MS = 10 * SECOND

/** The longest wait of setTimeout, 24.8 days: it keeps a signed 32-bit number of milliseconds, and rings at once past that. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** Failed tries of one batch before the console is warned: short outages pass by themselves. */
export const FAILURES_UNSAID = 3

/** Between two warnings of one kind on the console. */
export const WARN_EVERY_MS = 60 * SECOND
