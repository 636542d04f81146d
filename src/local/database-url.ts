import type pg from 'pg'
import { UsageError } from './cli.ts'

/** How long to wait for a connection. A sleeping Neon database wakes in well under a second, a busy one may not. */
const CONNECT_TIMEOUT_MS = 15_000

/**
 * What `pg.Client` and `pg.Pool` need to connect to `url`.
 *
 * `sslmode=require`, which Neon's connection strings carry, is made `verify-full`: that is what pg takes it for
 * already (pg-connection-string 2), but with a warning at each start. A server whose certificate nobody has
 * signed needs `sslmode=no-verify`.
 */
export function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url.replace(/([?&]sslmode=)(require|prefer|verify-ca)(?=&|$)/, '$1verify-full'),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'sumdial',
  }
}

/** `postgresql://user@host:port/database`: fit to be shown, because it is without password and parameters. */
export function describeDatabase(url: string): string {
  if (!URL.canParse(url)) return 'the database of DATABASE_URL'
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}

/** DATABASE_URL, if it is set. @throws UsageError that does not repeat it, because it has a password in it. */
export function databaseUrlOf({ DATABASE_URL = '' }: NodeJS.ProcessEnv): string | undefined {
  if (DATABASE_URL === '') return undefined
  if (/^postgres(ql)?:\/\//.test(DATABASE_URL)) return DATABASE_URL
  throw new UsageError('DATABASE_URL must begin with postgresql://.')
}
