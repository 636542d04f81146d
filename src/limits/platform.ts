/** Bytes of memory that an isolate has. Source: Workers limits, memory. */
export const ISOLATE_BYTES = 128_000_000

/**
 * Bytes of a row in a Durable Object's SQLite. Production enforces it, a local runtime does not. Source: Durable
 * Objects limits.
 */
export const ROW_BYTES = 2_000_000

/** Calls that one request may make, on a paid plan and on a free one. Source: Workers limits, subrequests. */
export const CALLS_PAID = 10_000
export const CALLS_FREE = 50
