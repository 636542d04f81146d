import { describeDatabase } from './database-url.ts'

/**
 * What Postgres or the connection said, in words for a person, without the password.
 *
 * @param doing what could not be done: `migrate`.
 * @param afterRefusal what holds when it was Postgres that refused, and not the connection that failed.
 */
export function explainFailure(doing: string, error: unknown, url: string, afterRefusal = ''): string {
  const cause = causeOf(error)
  const message = cause instanceof AggregateError ? cause.errors.join('; ') : String(cause)
  const isPostgres = cause instanceof Error && 'severity' in cause
  const advice = isPostgres
    ? afterRefusal
    : 'Check that it runs, and the host, port and sslmode in DATABASE_URL.'
  return `Could not ${doing} ${describeDatabase(url)}: ${message}\n${advice}`.trimEnd()
}

/** Drizzle wraps an error in one whose message repeats the whole statement; Postgres's own words are its cause. */
export function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}
