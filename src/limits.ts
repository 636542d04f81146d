/**
 * Every bound, with its unit and its reason. Nothing else in the code holds a bare number that limits something.
 * The relations that the code relies on are asserted in test/limits.test.ts.
 */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000
const MINUTE = 60 * SECOND

// ── A request ───────────────────────────────────────────────────────────────────────────────────────────────

/** Increments in one request. Enough for a client's batch of some seconds; validated well under 100 ms. */
export const REQUEST_ITEMS_MAX = 10_000

/** Bytes in one request's body. 10,000 items of 400 bytes; parsed, it is a fraction of an isolate's 128 MB. */
export const REQUEST_BYTES_MAX = 4 * MIB

/** UTF-8 bytes of a key. Postgres indexes at most about 2,700 bytes a row; paths are far shorter. */
export const KEY_BYTES_MAX = 512

/** How far ahead of the edge's clock `at` may be: clocks of honest clients differ by seconds, not minutes. */
export const AHEAD_MS_MAX = 5 * MINUTE

/** Buckets in one answer, over all of its keys: more than a year of hours. */
export const BUCKETS_MAX = 10_000

/** Keys in one answer: more than one compares at a glance. */
export const KEYS_MAX = 20

/** Hours before this one that a fresh read asks the shards of: as many as an hour stays open by default. */
export const FRESH_HOURS_MAX = 72

/** Shards that one fresh read asks, a call each; a request may make 10,000 on a paid plan, and 50 on a free one. */
export const FRESH_SHARDS_MAX = 300

/** Items of one page of a list, and how many without a `limit`: an item has some 100 bytes beside its key. */
export const LIST_ITEMS_MAX = 1_000
export const LIST_ITEMS_DEFAULT = 100

/** How long a badge may be kept, in seconds, and how long its label may be: a page shows it beside others. */
export const BADGE_SECONDS = 300
export const BADGE_LABEL_CHARACTERS_MAX = 60

/** Segments by which a list may be grouped; a key of KEY_BYTES_MAX has no more. */
export const LIST_DEPTH_MAX = 512

/**
 * A page of keys is read hour by hour while that is at most so many rows: the first `limit` of each hour. Past it the
 * rows of the keys themselves are fewer, one key after the other.
 */
export const LIST_BY_HOUR_ROWS_MAX = 25_000

/** Hours of a list's range: 11 years. What a range costs depends on its rows; READ_MS_MAX bounds it. */
export const LIST_HOURS_MAX = 100_000

/** Shards, and reasons, that the line of a failed request names: a platform's log line is bounded, and a few tell enough. */
export const LOGGED_SHARDS_MAX = 10

/** Shards that one hour may have: at 200 flights a second each, some 50,000. `/status` asks each of them. */
export const SHARDS_MAX = 256

/** Shards that one `/status` asks, a call each: all of one hour, or one of each of many. */
export const STATUS_SHARDS_MAX = SHARDS_MAX

/** Hours before this one that one `/metrics` may ask the shards of: as many as an hour stays open by default. */
export const METRICS_HOURS_MAX = 72

/** Hours that an hour may stay open, 114 years: it lets one import old logs. A deployment wants days. */
export const LATE_HOURS_MAX = 1_000_000

/** Days that hours may be kept, a century; longer is for ever, which is the default. */
export const RETENTION_DAYS_MAX = 36_500

/**
 * Seconds over which the rate limit counts, and that `Retry-After` asks for: the `period` in wrangler.toml, of which
 * the binding does not tell. 10 rather than 60, so that who was stopped soon goes on.
 */
export const RATE_PERIOD_SECONDS = 10

/** Bytes of the secret API_TOKENS: the platform's 5 KB for a variable. Source: Workers limits, environment variables. */
export const TOKENS_BYTES_MAX = 5 * KIB

// ── The isolate ─────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Encoded bytes of a flight, and of a journal row or batch made from one. A Durable Object's row holds 2 MB
 * (production enforces it, a local runtime does not), so half of that leaves room for what an estimate misses.
 */
export const FLIGHT_BYTES_MAX = 1 * MIB

/** Keys whose texts an isolate keeps from one request to the next, and their bytes: some 3 MB with all that belongs to them. */
export const KNOWN_KEYS_MAX = 16_384
export const KNOWN_KEY_BYTES_MAX = 1 * MIB

/**
 * Keys that an isolate learns of one body: some, one more for so many of its bytes, and at most so many. To learn one takes
 * 2 us and more, ten times what JSON.parse and the check take for it, and a known one saves a tenth of a us. 10,000 keys
 * that were all new took 37 ms, and 96 when they were long; with this 5 and 18, of which JSON.parse and the check take 3 and 14.
 */
export const LEARNED_KEYS_MIN = 4
export const LEARNED_KEY_BYTES = 2 * KIB
export const LEARNED_KEYS_MAX = 64

/** Bytes that wait for, or fly to, all shards of an isolate, of its 128 MB. Past it: 503. */
export const WAITING_BYTES_MAX = 24 * MIB

/**
 * The same for one shard, so that one that is stuck does not take the room of the others. Any one request fits: an
 * increment with an id takes its key twice.
 */
export const WAITING_BYTES_PER_SHARD_MAX = 12 * MIB

/** How long a request waits for its turn or for its flight to land, before its items are reported as unknown. */
export const WAIT_MS_MAX = 10 * SECOND

/** How long a flight is tried. So a request that waits and then leads is answered within 20 s. */
export const FLIGHT_MS_MAX = 10 * SECOND

/** How long one attempt of a flight may take before it is tried again under the same name. */
export const ATTEMPT_MS_MAX = 4 * SECOND

/** Attempts of one flight. Three is what the platform's own guide advises. */
export const ATTEMPTS_MAX = 3

/** The waits between them. */
export const FLIGHT_RETRY_MS = { minMs: 50, maxMs: 1 * SECOND }

/** After this long without a landing, whoever comes next takes the lead over from a request that was lost. */
export const LEAD_LEASE_MS = 15 * SECOND

/** How long a queue at rest remembers how many requests were aboard its last flight. */
export const QUEUE_REST_MS_MAX = 60 * SECOND

/**
 * How long a flight waits in its isolate, in milliseconds, when its requests bring so many bytes each (some 70 increments)
 * and the last flight was shared, or when few requests follow many; see model/linger.ts. A shard pays for arrays once for
 * all that are aboard: with arrays of 1,000 over 16 connections 3 requests share a flight without this wait, 15 share one
 * with it, and a shard takes 1.4 times as many a second.
 */
export const HEAVY_REQUEST_BYTES = 8 * KIB
export const SHORT_LINGER_MS = 2

/** How long before the turn of the hour an isolate wakes the next hour's shards: a name's first use is slow. */
export const WAKE_AHEAD_MS = 2 * MINUTE

/** Shards that one isolate wakes so: a free plan allows 50 calls a request. Those left wake with a flight. */
export const WAKE_SHARDS_MAX = 32

// ── A shard ─────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A flight that carries so many increments, or whose predecessor had so many requests aboard, does not wait in its shard.
 * A call and a row of the journal cost $1.15 a million; shared by 16 that is $0.07 for a million increments, a quarter of
 * what their requests cost.
 */
export const CROWDED_FLIGHT = 16

/** After so many flights in a row from one isolate, of one increment each, nobody waits: a lone client would wait in vain. */
export const ONE_CLIENT_FLIGHTS = 8

/**
 * Cells held by all shards of an isolate, open and frozen. 280 to 400 bytes each in memory, and half as much again
 * while they are frozen: within the 128 MB that the platform gives an isolate. Past it: 503, while everything
 * accepted stays.
 */
export const HELD_CELLS_MAX = 150_000

/** Encoded bytes held by all shards of an isolate, for cells with long keys. */
export const HELD_BYTES_MAX = 30 * MIB

/** Journal bytes held by all shards of an isolate: they bound the time that a replay takes. */
export const JOURNAL_BYTES_MAX = 96 * MIB

/**
 * Ids that all shards of an isolate remember. They stand in storage alone, some 100 bytes and one row written each,
 * until their hour closes; the bound keeps an object far below the platform's 10 GB.
 */
export const IDS_MAX = 5_000_000

/** UTF-8 bytes of an id, an Idempotency-Key or a token's name: a UUID has 36. */
export const ID_BYTES_MAX = 64

/** Senders that one shard remembers: one for each isolate that ever sent to it, about 100 bytes each. */
export const SENDERS_MAX = 100_000

/** Open cells from which a shard flushes at once instead of at the next interval: two full batches. */
export const FLUSH_CELLS = 10_000

/** The same in encoded bytes. */
export const FLUSH_BYTES = 4 * MIB

/** The journal is folded when it has grown past this, and past the size of what it adds up to, since it was last. */
export const FOLD_BYTES = 4 * MIB

/**
 * Or when so many flights are in it. A replay takes 20 us a row, whatever its size: 150,000 lone increments with keys
 * of their own, which are never as large as what they add up to, took 3 s. A fold of as many cells takes 0.2 s.
 */
export const FOLD_FLIGHTS = 20_000

/** The shard closes this long after the edge does: their clocks may differ, and requests dawdle. */
export const CLOSE_GRACE_MS = 10 * MINUTE

/** A shard that holds nothing retires this long after the edge has closed its hour. */
export const RETIRE_GRACE_MS = 70 * MINUTE

/** An alarm later than this past its time is taken for lost and armed again. The platform's own delay is < 1 min. */
export const ALARM_OVERDUE_MS = 2 * MINUTE

// ── Postgres ────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Cells in one upsert. More cost less per cell but hold row locks longer; a batch is also bounded in bytes by
 * FLIGHT_BYTES_MAX, since a Durable Object's row holds 2 MB.
 */
export const BATCH_CELLS_MAX = 5_000

/** How long a flush statement may take: a sleeping Neon wakes in well under a second, a big batch takes 0.1 s. */
export const STATEMENT_MS_MAX = 10 * SECOND

/** How long a read may take, with all of its tries: a person is waiting. */
export const READ_MS_MAX = 4 * SECOND

/** How long its statement may: a little less, so that Postgres is named when it was Postgres. */
export const READ_STATEMENT_MS_MAX = 3.5 * SECOND

/** The first wait after a failed flush; doubled each time up to the cap. */
export const BACKOFF_MS_MIN = 1 * SECOND
export const BACKOFF_MS_MAX = 30 * SECOND

/** Timeouts in a row of one batch, after which it is taken for too large and cut in halves. */
export const TIMEOUTS_MAX = 3

/** Cells refused alike in a row, with nothing getting through: then it is not the cells, and it is waited out. */
export const REFUSED_ALIKE_MAX = 8

/** Parked keys that `/status` names for each shard. */
export const PARKED_SHOWN_MAX = 20

/**
 * How long before it could retire a shard with parked cells makes the ledger know its writer. Long enough for Postgres to
 * come back in, for from its retirement on a deploy may change the hour's shard count unless the ledger says no.
 */
export const REGISTER_AHEAD_MS = 30 * MINUTE

/** How often a shard that could retire but for its parked cells, or but for Postgres, looks again. */
export const RETIRE_AGAIN_MS = 60 * MINUTE

/** How long one alarm goes on sending batches before it lets the next alarm go on: far below its 15 minutes. */
export const FLUSH_RUN_MS_MAX = 60 * SECOND

/** Times that a fresh read asks again when a flush landed between the shard's answer and the rows. */
export const FRESH_TRIES_MAX = 5

// ── The cron ────────────────────────────────────────────────────────────────────────────────────────────────

/** Hours whose shards the hourly sweep wakes, and how many at most: a free plan allows 50 calls. */
export const SWEEP_HOURS = 3
export const SWEEP_SHARDS_MAX = 40

/** Days that the ledger's row of a sealed writer is kept: far longer than any copy of a statement can be late. */
export const LEDGER_DAYS = 31

/** Rows that one statement prunes, statements in one sweep, and shards of closed hours that it wakes. */
export const PRUNE_ROWS = 1_000
export const PRUNE_STEPS_MAX = 20
export const STRAGGLERS_MAX = 100

/** Without a statement for so long Neon's compute goes to sleep, in milliseconds. Source: neon.com, scale to zero. */
export const DATABASE_SLEEPS_MS = 300_000

/**
 * Rows of `counters` that one statement deletes: 10,000 took 0.4 s, and at most 1.1 s, on two busy cores; and
 * statements in one sweep, a call each, beside the SWEEP_SHARDS_MAX of the 50 that a free plan allows.
 */
export const RETENTION_ROWS = 10_000
export const RETENTION_STEPS_MAX = 8
