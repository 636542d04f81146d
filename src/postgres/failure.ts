import { NeonDbError } from '@neondatabase/serverless'
import { DrizzleQueryError } from 'drizzle-orm'
import pg from 'pg'
import type { ApplyOutcome } from '../model/flush/batch.ts'
import { ConnectFailure, StatementTimeout } from './driver/failures.ts'

export type ApplyFailure = Extract<ApplyOutcome, { kind: 'ambiguous' | 'cell_refused' | 'refused' }>

/** SQLSTATEs that roll back and pass by themselves: serialization, deadlock, lock timeout, cancelled. */
const TRANSIENT = new Set(['40001', '40P01', '55P03', '57014'])

/** SQLSTATEs of a table, schema or column that is not there, or that this user may not use. */
const OF_SCHEMA = new Set(['42P01', '3F000', '42703', '42501'])

/** Those of them that come after a long wait. */
const AFTER_A_WAIT = new Set(['55P03', '57014'])

/**
 * Classes in which the connection or the server went away, so the statement may have been committed. PgBouncer gives its
 * own errors class 08, and Supavisor XX, as Postgres does when something in it is broken.
 */
const CONNECTION = /^(08|57P|XX)/

/**
 * Decides what a failed statement means, with whichever driver: this is the one place for that.
 *
 * An answer with an SQLSTATE says that the statement was rolled back. Without one (a broken connection, HTTP 5xx, a
 * timeout of ours, whose cancel the server may see too late) the statement may have been committed. Source:
 * neondatabase/neon, proxy/src/serverless/sql_over_http.rs.
 */
export function classifyFailure(error: unknown): ApplyFailure {
  const cause = causeOf(error)
  const reason = describe(cause)
  const code = sqlstateOf(cause)
  if (code === '' || TRANSIENT.has(code) || CONNECTION.test(code)) {
    const isTimeout = timeoutOf(cause) !== undefined || AFTER_A_WAIT.has(code)
    return { kind: 'ambiguous', reason, isTimeout, ...(code === '' ? {} : { isAnswered: true }) }
  }
  if (/^(22|23)/.test(code)) return { kind: 'cell_refused', reason }
  return { kind: 'refused', reason, ...(OF_SCHEMA.has(code) ? { isOfSchema: true } : {}) }
}

/** Whether a statement failed because it names a table that is not there. */
export function isTableAbsent(error: unknown): boolean {
  return sqlstateOf(causeOf(error)) === '42P01'
}

/** Drizzle's own message repeats every parameter, so it is neither logged nor shown. */
function causeOf(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error
}

/**
 * The SQLSTATE that Postgres or a pooler answered with; empty without one. Other errors have a `code` that looks alike,
 * such as EPIPE, which a socket gives that broke after the statement had been sent.
 */
function sqlstateOf(cause: unknown): string {
  return cause instanceof NeonDbError || cause instanceof pg.DatabaseError ? (cause.code ?? '') : ''
}

/** Neon's driver wraps a timeout that came before the answer, and lets one through that came during the answer. */
function timeoutOf(cause: unknown): StatementTimeout | undefined {
  const source = cause instanceof NeonDbError ? cause.sourceError : cause
  return source instanceof StatementTimeout ? source : undefined
}

/**
 * A reason that may be shown. It has no detail, hint or parameter, because they hold keys; no text of the driver's own,
 * which can hold the connection string; and no message of class 22, because those repeat values.
 */
function describe(cause: unknown): string {
  const timeout = timeoutOf(cause)
  if (timeout !== undefined) return timeout.message
  const code = sqlstateOf(cause)
  if (code !== '' && cause instanceof Error) {
    return code.startsWith('22') ? `SQLSTATE ${code}` : `SQLSTATE ${code}: ${cause.message.slice(0, 200)}`
  }
  if (cause instanceof ConnectFailure) return describeConnectFailure(cause)
  if (!(cause instanceof NeonDbError))
    return cause instanceof Error ? describeOther(cause) : 'unknown failure'
  const status = /^Server error \(HTTP status \d+\)/.exec(cause.message)?.[0]
  if (status !== undefined) return status
  return cause.message.startsWith('Error connecting') ? NO_CONNECTION : NO_ANSWER
}

const NO_CONNECTION = 'no connection to Postgres'
const NO_ANSWER = 'no answer from Postgres'

/** Known by what `pg` and the runtime say, because they give no codes. */
function describeConnectFailure({ cause }: ConnectFailure): string {
  const message = cause instanceof Error ? cause.message : ''
  if (/^SASL/.test(message)) return `${NO_CONNECTION}: the password is missing or is not accepted`
  if (/does not support SSL/.test(message)) return `${NO_CONNECTION}: it does not offer TLS`
  if (/\b(TLS|SSL)\b|certificate/i.test(message))
    return `${NO_CONNECTION}: its TLS certificate is not accepted`
  return NO_CONNECTION
}

/** A connection that broke has many names, and an error of a program has its own. */
function describeOther({ name }: Error): string {
  return name === 'Error' ? NO_ANSWER : name
}
