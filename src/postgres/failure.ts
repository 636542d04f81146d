import { NeonDbError } from '@neondatabase/serverless'
import { DrizzleQueryError } from 'drizzle-orm'
import type { ApplyOutcome } from '../model/flush/batch.ts'
import { StatementTimeout } from './connection.ts'

export type Failure = Extract<ApplyOutcome, { kind: 'ambiguous' | 'cell_refused' | 'refused' }>

/** SQLSTATEs that roll back and pass by themselves: serialization, deadlock, lock timeout, cancelled. */
const TRANSIENT = new Set(['40001', '40P01', '55P03', '57014'])

/** SQLSTATEs of a table, schema or column that is not there, or that this user may not use. */
const OF_SCHEMA = new Set(['42P01', '3F000', '42703', '42501'])

/** Classes in which the connection or the server went away, so the statement may have been committed. */
const CONNECTION = /^(08|57P)/

/**
 * Decides what a failed statement means: this is the one place for that.
 *
 * An answer with an SQLSTATE says that the statement was rolled back. Without one (HTTP 5xx, a broken connection, a
 * timeout of ours, whose abort the proxy may see too late) the statement may have been committed. Source:
 * neondatabase/neon, proxy/src/serverless/sql_over_http.rs.
 */
export function classifyFailure(error: unknown): Failure {
  // Drizzle's own message repeats every parameter, so it is neither logged nor shown.
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  const reason = describe(cause)
  const code = cause instanceof NeonDbError ? (cause.code ?? '') : ''
  if (code === '' || TRANSIENT.has(code) || CONNECTION.test(code)) {
    return { kind: 'ambiguous', reason, isTimeout: timeoutOf(cause) !== undefined || code === '57014' }
  }
  if (/^(22|23)/.test(code)) return { kind: 'cell_refused', reason }
  return { kind: 'refused', reason, ...(OF_SCHEMA.has(code) ? { isOfSchema: true } : {}) }
}

/** The driver wraps a timeout that came before the answer, and lets one through that came during the answer. */
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
  if (!(cause instanceof NeonDbError)) return cause instanceof Error ? cause.name : 'unknown failure'
  const { code, message } = cause
  if (code !== undefined && code !== '') {
    return code.startsWith('22') ? `SQLSTATE ${code}` : `SQLSTATE ${code}: ${message.slice(0, 200)}`
  }
  const status = /^Server error \(HTTP status \d+\)/.exec(message)?.[0]
  if (status !== undefined) return status
  return message.startsWith('Error connecting') ? 'no connection to Postgres' : 'no answer from Postgres'
}
