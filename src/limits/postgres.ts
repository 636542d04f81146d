import { MINUTE, SECOND } from './units.ts'

/** Cells in one upsert. More cost less per cell but hold row locks longer. FLIGHT_BYTES_MAX bounds a batch too. */
export const BATCH_CELLS_MAX = 5_000

/** How long a flush statement may take. A sleeping Neon wakes in well under a second, and a big batch takes 0.1 s. */
export const STATEMENT_MS_MAX = 10 * SECOND

/**
 * How long a statement may wait for a lock. Less than STATEMENT_MS_MAX by what a big batch takes, so that Postgres ends
 * the wait before the client does.
 */
export const LOCK_MS_MAX = 8 * SECOND

/** How long Postgres may take to hear that a statement is cancelled, and that a connection ends. */
export const CANCEL_MS_MAX = 1 * SECOND
export const END_MS_MAX = 1 * SECOND

/** How long a read may take, with all of its tries: a person is waiting. */
export const READ_MS_MAX = 4 * SECOND

/** How long a read's statement may take: a little less, so that Postgres is named when it was Postgres. */
export const READ_STATEMENT_MS_MAX = 3.5 * SECOND

/** How long a small statement may take that tells a read which was too large from Postgres being away. */
export const SMALL_READ_MS_MAX = 0.4 * SECOND

/** The first wait after a failed flush. It is doubled each time, up to the second number. */
export const BACKOFF_MS_MIN = 1 * SECOND
export const BACKOFF_MS_MAX = 30 * SECOND

/**
 * How often a cell must fail by itself, with other cells getting through, until it is parked. A statement that was slow may
 * have waited for a lock, which ends by itself.
 */
export const LONE_TRIES = { refused: 2, slow: 3 } as const

/** Answers in a row that mostly pass by themselves, after which one more is taken for a refusal. */
export const PASSING_TRIES = 3

/**
 * Keys of which a shard parks cells in a row with nothing else to send and nothing getting through, because Postgres says that their
 * data is at fault (SQLSTATE class 22 or 23). With more of them, a constraint is rather one that nothing meets.
 */
export const PARKED_UNSEEN_MAX = 8

/**
 * Slices of one key that a shard without anything else tries one by one, when Postgres refuses them because of their data. It takes
 * six statements for each, and moves all others each time.
 */
export const ONLY_SLICES_MAX = 100

/**
 * Failures in a row, of cells far apart and with nothing getting through, after which Postgres is left alone for a while.
 * A slow statement takes up to STATEMENT_MS_MAX.
 */
export const DOUBT_TRIES = { refused: 4, slow: 1 } as const

/** Failures in a row that a search for bad cells may have. With more, Postgres may have begun to refuse all of them. */
export const SEARCH_FAILURES_MAX = 40

/** How long a statement of few cells may take in the search for a slow one: they take some milliseconds. */
export const SEARCH_STATEMENT_MS_MAX = 2 * SECOND

/** Cells of a slow batch that are sent one by one. A larger one is cut in as many pieces as each then has cells. */
export const SLOW_CELLS_APART = 100

/** Cells that failed by themselves and stay apart while nothing gets through. */
export const SET_ASIDE_MAX = 16

/**
 * How long before it could retire a shard with parked cells makes the ledger know its writer. Long enough for Postgres
 * to come back in, because from its retirement on a deploy may change the hour's shard count unless the ledger says no.
 */
export const REGISTER_AHEAD_MS = 30 * MINUTE

/** How often a shard looks again that could retire but for its parked cells, or but for Postgres. */
export const RETIRE_AGAIN_MS = 60 * MINUTE

/** How long one alarm goes on sending batches before it leaves the rest to the next: far below its 15 minutes. */
export const FLUSH_RUN_MS_MAX = 60 * SECOND

/** Hours whose shards the hourly sweep wakes, and how many shards at most. */
export const SWEEP_HOURS = 3
export const SWEEP_SHARDS_MAX = 40

/** Days that the ledger's row of a sealed writer is kept: far longer than any copy of a statement can be late. */
export const LEDGER_DAYS = 31

/** Rows that one statement prunes, and statements in one sweep. */
export const PRUNE_ROWS = 1_000
export const PRUNE_STEPS_MAX = 20

/** Shards of closed hours that a sweep visits at once, because the ledger says that they are not done; and how often. */
export const STRAGGLERS_MAX = 15
export const STRAGGLER_PAGES_MAX = 100

/** Without a statement for so long Neon's compute goes to sleep, in milliseconds. Source: neon.com, scale to zero. */
export const DATABASE_SLEEPS_MS = 300_000

/**
 * Rows of `counters` that one statement deletes: 10,000 took 0.4 s, and at most 1.1 s, on two busy cores. And
 * statements in one sweep, with a call each.
 */
export const RETENTION_ROWS = 10_000
export const RETENTION_STEPS_MAX = 8

/**
 * Days that one run of the cron makes, with a call each, and rows of hours after which it makes no further one. Failures in
 * a row that end the run.
 */
export const ROLLUP_DAYS_MAX = 8
export const ROLLUP_ROWS_MAX = 500_000
export const ROLLUP_FAILURES_MAX = 3

/**
 * Rows of each hour that are made into days at once, of keys and of slices. A day of more keys is made in pieces, because the
 * transaction of each must end within STATEMENT_MS_MAX, and holds up late batches of the day for as long.
 */
export const PIECE_ROWS_MAX = 2_000

/** How long `npm run rollup` lets a day take, however many keys it has. A late batch of the day waits or tries again. */
export const LOCAL_MAKE_MS_MAX = 15 * MINUTE

/** The oldest PostgreSQL that has what Sumdial uses: 14, because of multi-range block indexes. */
export const POSTGRES_VERSION_MIN = 14

/** How long a Worker's own migration waits for a table that somebody holds, and how long all of it may take. */
export const MIGRATE_LOCK_MS_MAX = 2 * SECOND
export const MIGRATE_MS_MAX = 20 * SECOND

/** How often, and how many times, it looks whether another has finished: 5 s, in which a first install is long done. */
export const MIGRATE_WAIT_MS = 0.25 * SECOND
export const MIGRATE_TRIES_MAX = 20

/** How long the cron looks each hour after a version was uploaded, also where that wakes a sleeping database. */
export const NEW_VERSION_MS_MAX = 120 * MINUTE

/** How long a Worker waits before it tries again what only a person can make possible. */
export const MIGRATE_AGAIN_MS = 60 * MINUTE

/**
 * Hours after its beginning from which a batch of an hour marks its day, and days after its end from which a day is made. In
 * between lies a day, so that no statement that did not mark can still be under way when its day is made.
 */
export const MARK_AFTER_HOURS = 48
export const MAKE_AFTER_DAYS = 3

/** How long a day must not have been changed before it is made, so that an import does not have it made again and again. */
export const MAKE_QUIET_HOURS = 1

/** Hours between the migration that brought roll-ups and the first of them: until then code from before days may run, which does not mark. */
export const ROLLUPS_BEGIN_HOURS = 24

/**
 * A read of hours no older than this looks for no days. Younger days are not made, even if the clocks of the Worker and of
 * Postgres differ by a day.
 */
export const YOUNG_HOURS = 48

/**
 * Hours that are read one by one beside days: those of the days that are too young to be made, and of some that have changed. More
 * than these, as before the days of a table are made, are read as a range.
 */
export const EACH_HOUR_MAX = 200
