import pg from 'pg'
import { CommandFailed, UsageError } from './cli.ts'

/** How long to wait for a connection. A sleeping Neon database wakes in well under a second, a busy one may not. */
const CONNECT_TIMEOUT_MS = 15_000

/** How long a connection is silent before the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 10_000

/**
 * The value of DATABASE_URL where there is no need for a real one. A Worker on this machine is given this, because wrangler
 * takes vars on its command line, where every user of the machine could read a password.
 */
export const PLACEHOLDER_URL = 'postgresql://sumdial:sumdial@localhost/sumdial'

/** DATABASE_URL, if it is set. @throws UsageError, which does not repeat it, because it has a password in it. */
export function databaseUrlOf({ DATABASE_URL = '' }: NodeJS.ProcessEnv): string | undefined {
  if (DATABASE_URL === '') return undefined
  if (/^postgres(ql)?:\/\//.test(DATABASE_URL)) return DATABASE_URL
  throw new UsageError('DATABASE_URL must begin with postgresql://.')
}

/**
 * The options with which `pg.Client` and `pg.Pool` connect to `url`.
 *
 * `sslmode=require`, which Neon's connection strings carry, becomes `verify-full`. pg takes it for that already
 * (pg-connection-string 2), but prints a warning at each start. For a server whose certificate nobody has signed, write
 * `sslmode=no-verify`.
 */
export function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url.replace(/([?&]sslmode=)(require|prefer|verify-ca)(?=&|$)/, '$1verify-full'),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    application_name: 'sumdial',
  }
}

/** Connects for as long as `run` takes. @throws what `run` or the connection throws. */
export async function withClient<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionOptions(url))
  // A connection that ends also fails the statement under way, which reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    return await run(client)
  } finally {
    await client.end()
  }
}

/** `postgresql://user@host:port/database`, which can be shown, because it has no password and no parameters. */
export function describeDatabase(url: string): string {
  if (!URL.canParse(url)) return 'the database of DATABASE_URL'
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}

/**
 * Runs `work`, and turns whatever Postgres or the connection said into a failure for a person to read, without the password.
 *
 * @param doing what is being done, as in "could not ...": `migrate`.
 * @param afterRefusal added when Postgres refused; when the connection failed there is advice on that.
 * @throws CommandFailed
 */
export async function inPostgres<T>(
  doing: string,
  url: string,
  work: () => Promise<T>,
  afterRefusal = '',
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CommandFailed) throw error
    const cause = causeOf(error)
    const isPostgres = cause instanceof Error && 'severity' in cause
    const advice = isPostgres ? afterRefusal : UNREACHABLE
    const text = `Could not ${doing} ${describeDatabase(url)}: ${reasonOf(error)}\n${advice}`.trimEnd()
    throw new CommandFailed(text, { cause: error })
  }
}

const UNREACHABLE = 'Check that Postgres runs, and check the host, port and sslmode in DATABASE_URL.'

/** The message of whatever failed first. Node gives a connection that failed at several addresses a message of each. */
export function reasonOf(error: unknown): string {
  const cause = causeOf(error)
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ')
  return cause.message
}

/** Drizzle wraps an error in one whose message repeats the whole statement; Postgres's own words are its cause. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}
