import { describeDatabase } from './database-url.ts'

/**
 * What Postgres or the connection said, in words for a person, without the password.
 *
 * @param doing what could not be done: `migrate`.
 * @param afterRefusal what holds when it was Postgres that refused, and not the connection that failed.
 */
export function explainFailure(doing: string, error: unknown, url: string, afterRefusal = ''): string {
  const cause = causeOf(error)
  const isPostgres = cause instanceof Error && 'severity' in cause
  const advice = isPostgres
    ? afterRefusal
    : 'Check that it runs, and the host, port and sslmode in DATABASE_URL.'
  return `Could not ${doing} ${describeDatabase(url)}: ${reasonOf(error)}\n${advice}`.trimEnd()
}

/** Drizzle wraps an error in one whose message repeats the whole statement; Postgres's own words are its cause. */
export function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}

/** The message of whatever failed first. Node gives a connection that failed at several addresses a message of each. */
export function reasonOf(error: unknown): string {
  const cause = causeOf(error)
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ')
  return cause.message
}
