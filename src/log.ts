import type { FlushOutcome } from './model/status.ts'

/**
 * Everything that is logged, one arm for each `message`. A line never contains what is counted or secret: no key,
 * value, id, token, connection string or SQL, and no text from Postgres, whose messages can hold any of them.
 * docs/runbook.md explains every line.
 */
export type LogLine =
  | ({ readonly shard: string } & FlushLine)
  /** The alarm handler caught an error that nobody else did, and armed the next alarm. */
  | ({ readonly message: 'alarm failed'; readonly shard: string } & LoggedError)
  /** An administrator has decided on parked cells. */
  | {
      readonly message: 'parked retried' | 'parked discarded'
      readonly shard: string
      readonly increments: number
    }
  /** A delivery in a foreign format had records that were not counted. `reasons` has how many for each reason. */
  | {
      readonly message: 'records refused'
      readonly format: string
      readonly records: number
      readonly accepted: number
      readonly duplicates: number
      readonly refused: number
      readonly reasons: Readonly<Record<string, number>>
    }
  /** Messages of a queue came, and METERS has no meter with a `match`. They come again. */
  | { readonly message: 'no meter for queue'; readonly queue: string; readonly messages: number }
  /** Messages of a queue were acknowledged without counting, because no meter is for them. */
  | {
      readonly message: 'messages unmatched'
      readonly queue: string
      readonly messages: number
      readonly unmatched: number
    }
  /** A message of a queue was acknowledged without counting, because it passes a bound by itself. */
  | { readonly message: 'message refused'; readonly queue: string; readonly problem: string }
  /** A request that counts was answered 503. */
  | {
      readonly message: 'not all counted'
      readonly items: number
      readonly refused: number
      readonly unknown: number
      readonly shards: readonly string[]
      readonly reasons: readonly string[]
    }
  /** Another request was answered 503. */
  | { readonly message: 'unavailable'; readonly detail: string; readonly reason: string }
  /** The rate limit could not be asked, so the request went on without it. */
  | { readonly message: 'no rate limit'; readonly reason: string }
  /** The ledger was compared with shards, some of which it does not agree with. `/status?ledger=1` says which. */
  | {
      readonly message: 'ledger disagrees'
      readonly reason: 'other_writers' | 'ledger_behind' | 'ledger_ahead'
      readonly shards: number
    }
  /** The hourly cron has run. */
  | {
      readonly message: 'swept'
      readonly woken: number
      readonly failed: number
      readonly sealed: number
      readonly pruned: number
      readonly deleted: number
      /** Whether there is more to do than one sweep may: to make, to delete, or to seal. */
      readonly hasMore: boolean
    }
  /** A part of the hourly cron's work failed. The parts after it were done all the same. */
  | { readonly message: 'part of the sweep failed'; readonly part: string; readonly reason: string }
  /** The cron has made days of so many rows of hours, and this many are left. */
  | {
      readonly message: 'rolled up'
      readonly days: number
      readonly rows: number
      readonly left: number
    }
  /** The cron could not make this day. It is tried again, after the others. */
  | { readonly message: 'day not made'; readonly day: string; readonly reason: string }
  /** The cron has made no day of hours among which is a row that cannot be read, such as a sum of NaN. */
  | { readonly message: 'day not readable'; readonly day: string }
  /** The Worker has migrated Postgres itself, or could not. */
  | { readonly message: 'migrated'; readonly migrations: readonly string[] }
  | { readonly message: 'not migrated'; readonly reason: string }
  /** The cron has found an hour that began with another value than the Worker that runs gives it. */
  | {
      readonly message: 'schedule differs'
      readonly variable: string
      readonly hour: string
      readonly began: number
      readonly now: number
    }
  /** The cron could not look at the schema and the schedules. */
  | { readonly message: 'not inspected'; readonly reason: string }
  /** The Worker cannot start; `detail` names the variables. */
  | { readonly message: 'not configured'; readonly detail: string }
  /** A bug: the request was answered 500. */
  | ({ readonly message: 'unexpected' } & LoggedError)

/** The lines of a shard's flusher. Times are in ms; cells and increments are those of the batches of the line. */
export type FlushLine =
  /** A flush ended that brought something to Postgres. */
  | ({ readonly message: 'flushed'; readonly outcome: 'applied'; readonly batches: number } & OfBatch)
  /** A batch did not get to Postgres. It is tried again in `retryMs`. */
  | ({
      readonly message: 'flush failed'
      readonly outcome: Exclude<FlushOutcome, 'applied'>
      readonly reason: string
      readonly failures: number
      readonly retryMs: number
    } & OfBatch)
  /**
   * The shard sealed its writer and moved what is frozen to a new one: because the ledger has another past; with the batch
   * cut in pieces, its one cell set aside or parked; or with one cell of it to be tried alone.
   */
  | ({
      readonly message: 'rewound' | 'cut' | 'set aside' | 'probing' | 'parked'
      readonly outcome: Exclude<FlushOutcome, 'applied'>
      readonly reason: string
    } & OfBatch)
  /** The statement that seals a writer, or registers it in the ledger, got no answer. It is tried again. */
  | {
      readonly message: 'seal failed' | 'register failed'
      readonly outcome: Exclude<FlushOutcome, 'applied'>
      readonly reason: string
      readonly failures: number
      readonly retryMs: number
    }
  /** The shard deleted itself. */
  | { readonly message: 'retired' }

export type OfBatch = {
  /** The last one when there are several batches. */
  readonly seq: number
  readonly cells: number
  readonly increments: number
  readonly ms: number
}

export type LoggedError = {
  readonly error: string
  readonly reason?: string
  readonly at: readonly string[]
}

/** Prints a line. See src/log.ts. */
export type Log = (line: LogLine) => void

/** The names of errors whose messages are our own and contain nothing that is counted. */
const SPOKEN = new Set(['UnknownVersion', 'ConfigError'])

/** Describes an error by its name and its stack, because its message often quotes the text that could not be parsed. */
export function describeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { error: 'unknown', at: [] }
  const { name, message, stack = '' } = error
  const at = stack.split('\n').flatMap((line) => (/^ +at /.test(line) ? [line.trim()] : []))
  const reason = SPOKEN.has(name) ? message : /\bSQLITE_[A-Z_]+/.exec(message)?.[0]
  return { error: name, ...(reason === undefined ? {} : { reason }), at }
}

/** Shortens a failure of Postgres to its code. The words after it, which `/status` shows, can name users and keys. */
export function describeReason(reason: string): string {
  return /^SQLSTATE \w+/.exec(reason)?.[0] ?? reason
}

type Level = 'debug' | 'info' | 'warn' | 'error'

/**
 * - `debug`: all is well, and nobody needs to look. `npm run dev` does not show it.
 * - `info`: done on purpose, or once in an hour or in a shard's life.
 * - `warn`: work goes on, and nothing acknowledged is lost; look if it stays.
 * - `error`: look.
 */
const LEVELS: Readonly<Record<LogLine['message'], Level>> = {
  flushed: 'debug',
  'flush failed': 'warn',
  'seal failed': 'warn',
  'register failed': 'warn',
  rewound: 'error',
  cut: 'warn',
  'set aside': 'warn',
  probing: 'warn',
  parked: 'warn',
  retired: 'info',
  'alarm failed': 'error',
  'parked retried': 'info',
  'parked discarded': 'info',
  'records refused': 'warn',
  'no meter for queue': 'error',
  'messages unmatched': 'warn',
  'message refused': 'error',
  'not all counted': 'warn',
  unavailable: 'warn',
  'no rate limit': 'warn',
  'ledger disagrees': 'error',
  swept: 'info',
  'part of the sweep failed': 'warn',
  'rolled up': 'info',
  'day not made': 'warn',
  'day not readable': 'error',
  migrated: 'info',
  'not migrated': 'warn',
  'schedule differs': 'error',
  'not inspected': 'warn',
  'not configured': 'error',
  unexpected: 'error',
}

/** Prints a line. This is the only place that prints; it prints an object, whose fields Workers Logs makes searchable. */
export function log(line: LogLine): void {
  console[LEVELS[line.message]](line)
}
