import type { FlushOutcome } from './model/status.ts'

/**
 * Everything that is logged, one arm for each `message`. What is counted never is: no key, value, id, token,
 * connection string or SQL, and no text of Postgres's, whose messages can hold any of them. docs/runbook.md
 * explains every line.
 */
export type LogLine =
  | ({ readonly shard: string } & FlushLine)
  /** The alarm handler has caught what nobody else did; it has armed the next alarm. */
  | ({ readonly message: 'alarm failed'; readonly shard: string } & ErrorTold)
  /** An administrator has decided on parked cells. */
  | {
      readonly message: 'parked retried' | 'parked discarded'
      readonly shard: string
      readonly increments: number
    }
  /** A `POST /increment` that was answered 503. */
  | {
      readonly message: 'not all counted'
      readonly items: number
      readonly refused: number
      readonly unknown: number
      readonly shards: readonly string[]
      readonly reasons: readonly string[]
    }
  /** Another request that was answered 503. */
  | { readonly message: 'unavailable'; readonly detail: string; readonly reason: string }
  | { readonly message: 'no rate limit'; readonly reason: string }
  /** What the hourly cron has done. */
  | {
      readonly message: 'swept'
      readonly woken: number
      readonly failed: number
      readonly pruned: number
      readonly deleted: number
      /** Whether RETENTION_DAYS has more to delete than one sweep may. */
      readonly hasMore: boolean
    }
  /** The Worker cannot start; `detail` names the variables. */
  | { readonly message: 'not configured'; readonly detail: string }
  /** A bug; the request was answered 500. */
  | ({ readonly message: 'unexpected' } & ErrorTold)

/** What a shard's flusher tells. Times in ms; cells and increments of the batch, or batches, that the line is about. */
export type FlushLine =
  /** At the end of a flush by which something got to Postgres. */
  | ({ readonly message: 'flushed'; readonly outcome: 'applied'; readonly batches: number } & OfBatch)
  /** It is tried again in `retryMs`. */
  | ({
      readonly message: 'flush failed'
      readonly outcome: Exclude<FlushOutcome, 'applied'>
      readonly reason: string
      readonly failures: number
      readonly retryMs: number
    } & OfBatch)
  /**
   * Its writer was sealed, and what is frozen moved to another: for the ledger tells of another past, with the batch
   * in halves, or with its one cell parked.
   */
  | ({
      readonly message: 'rewound' | 'halved' | 'parked'
      readonly outcome: Exclude<FlushOutcome, 'applied'>
      readonly reason: string
    } & OfBatch)
  /** A seal, or what makes the ledger know a writer, was not answered; it is tried again. */
  | {
      readonly message: 'seal failed' | 'register failed'
      readonly outcome: Exclude<FlushOutcome, 'applied'>
      readonly reason: string
      readonly failures: number
      readonly retryMs: number
    }
  | { readonly message: 'retired' }

export type OfBatch = {
  /** Of several batches, the last. */
  readonly seq: number
  readonly cells: number
  readonly increments: number
  readonly ms: number
}

export type ErrorTold = {
  readonly error: string
  readonly reason?: string
  readonly at: readonly string[]
}

/** Prints a line. See src/log.ts. */
export type Log = (line: LogLine) => void

/** Names of errors whose messages are all our own, and made of nothing that is counted. */
const SPOKEN = new Set(['UnknownVersion', 'ConfigError'])

/** An error by its name and where it was thrown: what could not be parsed or checked is often quoted in its message. */
export function tellError(error: unknown): ErrorTold {
  if (!(error instanceof Error)) return { error: 'unknown', at: [] }
  const { name, message, stack = '' } = error
  const at = stack.split('\n').flatMap((line) => (/^ +at /.test(line) ? [line.trim()] : []))
  const reason = SPOKEN.has(name) ? message : /\bSQLITE_[A-Z_]+/.exec(message)?.[0]
  return { error: name, ...(reason === undefined ? {} : { reason }), at }
}

/** A failure of Postgres's by its code alone: the words behind it, which `/status` shows, can name users and keys. */
export function tellReason(reason: string): string {
  return /^SQLSTATE \w+/.exec(reason)?.[0] ?? reason
}

type Level = 'debug' | 'info' | 'warn' | 'error'

/**
 * - `debug`: all is well, and nobody needs to look. `npm run dev` does not show it.
 * - `info`: done on purpose, or once in an hour or a shard's life.
 * - `warn`: it goes on, and nothing that was acknowledged is lost; look if it stays.
 * - `error`: look.
 */
const LEVELS: Readonly<Record<LogLine['message'], Level>> = {
  flushed: 'debug',
  'flush failed': 'warn',
  'seal failed': 'warn',
  'register failed': 'warn',
  rewound: 'error',
  halved: 'warn',
  parked: 'warn',
  retired: 'info',
  'alarm failed': 'error',
  'parked retried': 'info',
  'parked discarded': 'info',
  'not all counted': 'warn',
  unavailable: 'warn',
  'no rate limit': 'warn',
  swept: 'info',
  'not configured': 'error',
  unexpected: 'error',
}

/** The one place that prints: an object, for Workers Logs makes its fields searchable. */
export function log(line: LogLine): void {
  console[LEVELS[line.message]](line)
}
