import { KIB, MIB, MINUTE, SECOND } from './units.ts'

/** Increments in one request: enough for some seconds of a client. They are checked in well under 100 ms. */
export const REQUEST_ITEMS_MAX = 10_000

/** Bytes in one request's body: 10,000 items of 400 bytes. Parsed, that is a fraction of an isolate's memory. */
export const REQUEST_BYTES_MAX = 4 * MIB

/**
 * Shards that one request may write to, with a call each, and each a Durable Object that may have to start: 0.3 MB and some
 * ms. All shards of one hour, so that increments of one hour are never too many; by default an increment for each hour that
 * is open, three times over. A free plan allows 50 calls a request.
 */
export const REQUEST_SHARDS_MAX = 256

/**
 * Parts of one request that are sent together, and the pause until the next ones. Another request takes some ten turns of
 * the isolate, each behind the objects that start meanwhile: on a machine with six times more work than cores somebody
 * waited 9 to 14 s for 256 objects without the pause, and 3.4 s with it.
 */
export const REQUEST_PARTS_AT_ONCE = 16
export const REQUEST_PAUSE_MS = 50

/** How long a request goes on sending parts, in milliseconds. With the wait for the last flight it is answered in 28 s. */
export const REQUEST_SENDS_MS_MAX = 8 * SECOND

/** Bytes of a body that is too large and is read to its end, so that its client sees the answer. */
export const REQUEST_DRAINED_BYTES_MAX = 64 * MIB

/**
 * Bytes of a body from which it is scanned for items that take long to parse. A scan takes 3 ns a byte, half as long as
 * parsing what is good. Below, 10,000 short items are not scanned, and nothing takes much longer than 0.2 s to parse.
 */
export const SCANNED_BYTES_MIN = 1 * MIB

/** Arrays and objects within each other in a body. An increment in an array makes two. */
export const JSON_DEPTH_MAX = 32

/** Commas in an item, which has at most three when it is good. */
export const ITEM_COMMAS_MAX = 100

/**
 * Lists and maps within each other in an attribute of OpenTelemetry. Deeper ones are left out, because no key is made of
 * them.
 */
export const ATTRIBUTE_DEPTH_MAX = 8

/**
 * Arrays and objects within each other in large JSON of a foreign format that is parsed as a whole, such as OpenTelemetry's,
 * where a point without attributes makes 11 and a list in an attribute 4; and fields of an object in it.
 */
export const FOREIGN_DEPTH_MAX = 256
export const FOREIGN_FIELDS_MAX = 1_000

/**
 * Seconds until a message of a queue that was not counted comes again: doubled each time, up to so many. A hundred tries
 * take half a day then.
 */
export const QUEUE_RETRY_SECONDS = 2
export const QUEUE_RETRY_SECONDS_MAX = 600

/** Bad items that an answer names; it counts the others. One has some 100 bytes there. */
export const BAD_ITEMS_TOLD_MAX = 100

/** Unknown fields of an item that an answer names, and characters of an unknown field or parameter. */
export const FIELDS_TOLD_MAX = 3
export const FIELD_CHARACTERS_TOLD_MAX = 32

/** UTF-8 bytes of a key. Postgres indexes at most about 2,700 bytes a row, and paths are far shorter. */
export const KEY_BYTES_MAX = 512

/** Labels of one increment: more are nearly always ids, which belong into no label. */
export const LABELS_MAX = 8

/** Bytes of a label's name, which is ASCII, and of its value in UTF-8. */
export const LABEL_NAME_BYTES_MAX = 64
export const LABEL_VALUE_BYTES_MAX = 128

/**
 * Bytes of a key and its labels together, where the mark before each label counts six bytes, as JSON writes it.
 * Postgres indexes at most about 2,700 bytes a row.
 */
export const SLICE_BYTES_MAX = 1024

/** UTF-8 bytes of an id, an Idempotency-Key or a token's name. A UUID has 36. */
export const ID_BYTES_MAX = 64

/** How far ahead of the edge's clock `at` may be. Clocks of honest clients differ by seconds, not minutes. */
export const AHEAD_MS_MAX = 5 * MINUTE

/** Buckets in one answer, over all of its keys: more than a year of hours. */
export const BUCKETS_MAX = 10_000

/** Keys in one answer: more than anyone compares at a glance. */
export const KEYS_MAX = 20

/**
 * Characters of an address: the platform's 16 KB, so that a Worker on one's own machine refuses what the platform would, and
 * says why. Twenty keys of 512 bytes may have 30 KB. Source: Workers limits, URL size.
 */
export const ADDRESS_CHARACTERS_MAX = 16 * KIB

/** Groups of a read by a label that are shown, by default and at most; and the conditions on labels of one read. */
export const GROUPS_DEFAULT = 10
export const GROUPS_MAX = 1_000
export const WHERES_MAX = 32

/**
 * Values of a label that a read takes from Postgres, with its sums by value and bucket. Most of them are added up to `others`. So
 * many values left room in a heap of 90 MB, and an isolate has 128.
 */
export const GROUPS_READ_MAX = 50_000
export const GROUP_SUMS_READ_MAX = 200_000

/** Days of which labels are listed by default, the names in such a list, and the values that each of them shows. */
export const LABELS_DAYS = 7
export const LABELS_LISTED_MAX = 100
export const LABEL_VALUES_SHOWN = 10

/** Hours before the current one that a fresh read asks the shards of: as many as an hour stays open by default. */
export const FRESH_HOURS_MAX = 72

/** Shards that one fresh read asks, with a call each. */
export const FRESH_SHARDS_MAX = 300

/** Times that a fresh read reads rows, because flushes landed between the shards' answers and the rows. */
export const FRESH_TRIES_MAX = 5

/**
 * How many shards' writers an isolate remembers, some 100 bytes each: enough for reads of FRESH_SHARDS_MAX over a few hours.
 * When there are more, all are forgotten, and the next read of a shard asks Postgres after the shard, not beside it.
 */
export const KNOWN_WRITERS_MAX = 1_000

/** After so long without another read of a shard in its isolate, a read is alone, and asks Postgres beside the shard. */
export const ALONE_MS = 10

/**
 * Keys that reads of an isolate ask a shard for in one call, with an answer of some 250 bytes for each: as many as ten
 * reads of KEYS_MAX. A read past that makes a call of its own.
 */
export const KEYS_TOGETHER_MAX = 1_000

/** How long the reads of an isolate wait for the call before theirs to a shard. Far more than one takes. */
export const SHARED_CALL_MS_MAX = 1_000

/** Items on one page of a list, and how many there are without a `limit`. An item has some 100 bytes and its key. */
export const LIST_ITEMS_MAX = 1_000
export const LIST_ITEMS_DEFAULT = 100

/** Rows of Postgres that an answer names because they are no cells. */
export const UNREADABLE_TOLD_MAX = 100

/** How long a badge may be kept, in seconds, and how long its label may be, because a page shows it next to others. */
export const BADGE_SECONDS = 300
export const BADGE_LABEL_CHARACTERS_MAX = 60

/** Segments by which a list may be grouped. A key of KEY_BYTES_MAX has no more. */
export const LIST_DEPTH_MAX = 512

/**
 * A page of keys is read hour by hour, the first `limit` rows of each hour, while that makes at most so many rows. Past
 * that, the rows of the keys themselves are fewer, and are read one key after the other.
 */
export const LIST_BY_HOUR_ROWS_MAX = 25_000

/** Hours in a list's range: 114 years, which is all of them. A range costs as much as it has rows, and READ_MS_MAX bounds that. */
export const LIST_HOURS_MAX = 1_000_000

/**
 * Shards, and reasons, that the log line of a failed request names. A platform's log line is bounded, and a few are
 * enough.
 */
export const LOGGED_SHARDS_MAX = 10

/** Shards that one hour may have: at 200 flights a second each, some 50,000. `/status` asks each of them. */
export const SHARDS_MAX = 256

/** Shards that one `/status` asks, with a call each: all shards of one hour, or one of each of many hours. */
export const STATUS_SHARDS_MAX = SHARDS_MAX

/** Hours before the current one that one `/metrics` may ask the shards of: as many as an hour stays open by default. */
export const METRICS_HOURS_MAX = 72

/** Parked keys that `/status` names for each shard. */
export const PARKED_SHOWN_MAX = 20

/** Keys with too many label sets that `/status` names for each shard. */
export const OVERFLOWED_SHOWN_MAX = 20

/** Hours that an hour may stay open: 114 years, so that old logs can be imported. A deployment wants days. */
export const LATE_HOURS_MAX = 1_000_000

/** Days that hours may be kept: a century. Without a bound they are kept for ever, which is the default. */
export const RETENTION_DAYS_MAX = 36_500

/**
 * Seconds after which whoever met the rate limit is asked to come back. The binding tells neither its period, which is 10 s
 * in wrangler.toml, nor how much of it is left. An OpenTelemetry exporter gives up when it is told to wait for 10 s.
 */
export const RATE_RETRY_SECONDS = 2

/**
 * Bytes of the secret API_TOKENS: the platform's 5 KB for a variable. Source: Workers limits, environment variables.
 */
export const TOKENS_BYTES_MAX = 5 * KIB
