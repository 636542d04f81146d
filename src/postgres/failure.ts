import { NeonDbError } from '@neondatabase/serverless'
import { DrizzleQueryError } from 'drizzle-orm'
import type { ApplyOutcome } from '../model/flush/batch.ts'
import { StatementTimeout } from './connection.ts'

export type Failure = Extract<ApplyOutcome, { kind: 'ambiguous' | 'cell_refused' | 'refused' }>

/** SQLSTATEs that roll back and pass by themselves: serialization, deadlock, lock timeout, cancelled. */
const TRANSIENT = new Set(['40001', '40P01', '55P03', '57014'])

/** Classes in which the connection or the server went away: it may have committed. */
const CONNECTION = /^(08|57P)/

/**
 * What a failed statement means, decided here once.
 *
 * An answer with an SQLSTATE says that the statement was rolled back. Without one (HTTP 5xx, a broken
 * connection, a timeout of ours, whose abort the proxy may see too late) it may have been committed.
 * Source: neondatabase/neon, proxy/src/serverless/sql_over_http.rs.
 */
export function classifyFailure(error: unknown): Failure {
  // Drizzle's own message repeats every parameter: neither logged nor shown.
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  const reason = describe(cause)
  const code = cause instanceof NeonDbError ? (cause.code ?? '') : ''
  if (code === '' || TRANSIENT.has(code) || CONNECTION.test(code)) {
    return { kind: 'ambiguous', reason, isTimeout: timeoutOf(cause) !== undefined || code === '57014' }
  }
  if (/^(22|23)/.test(code)) return { kind: 'cell_refused', reason }
  return { kind: 'refused', reason }
}

/** The driver wraps one that came before the answer, and lets one through that came in the midst of it. */
function timeoutOf(cause: unknown): StatementTimeout | undefined {
  const source = cause instanceof NeonDbError ? cause.sourceError : cause
  return source instanceof StatementTimeout ? source : undefined
}

/**
 * What may be shown: no detail, hint or parameter, which hold keys, and no text of the driver's own, which can hold
 * the connection string. Messages of class 22 repeat values.
 */
function describe(cause: unknown): string {
  const timeout = timeoutOf(cause)
  if (timeout !== undefined) return timeout.message
  if (!(cause instanceof NeonDbError)) return cause instanceof Error ? cause.name : 'unknown failure'
  const { code, message } = cause
  if (code !== undefined && code !== '') {
    return code.startsWith('22') ? `SQLSTATE ${code}` : `SQLSTATE ${code}: ${message.slice(0, 200)}`
  }
  const status = /^Server error \(HTTP status \d+\)/.exec(message)?.[0]
  if (status !== undefined) return status
  return message.startsWith('Error connecting') ? 'no connection to Postgres' : 'no answer from Postgres'
}
