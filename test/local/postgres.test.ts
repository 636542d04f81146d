import { describe, expect, test } from 'vitest'
import { CommandFailed } from '../../src/local/cli.ts'
import {
  connectionOptions,
  databaseUrlOf,
  describeDatabase,
  inPostgres,
  reasonOf,
} from '../../src/local/postgres.ts'

const URL_WITH_SECRET = 'postgresql://me:s3cret@host:5433/counts?sslmode=require&options=x'

test('a database is shown without its password and parameters', () => {
  expect(describeDatabase(URL_WITH_SECRET)).toBe('postgresql://me@host:5433/counts')
  expect(describeDatabase('postgresql://host/counts')).toBe('postgresql://host/counts')
  expect(describeDatabase('postgresql://me:s3cret@[oops/db')).toBe('the database of DATABASE_URL')
})

test('DATABASE_URL may be missing, and is not repeated when it is of another kind', () => {
  expect(databaseUrlOf({})).toBeUndefined()
  expect(databaseUrlOf({ DATABASE_URL: '' })).toBeUndefined()
  expect(databaseUrlOf({ DATABASE_URL: URL_WITH_SECRET })).toBe(URL_WITH_SECRET)
  expect(() => databaseUrlOf({ DATABASE_URL: 'mysql://me:s3cret@host/db' })).toThrow(
    /^DATABASE_URL must begin with postgresql:\/\/\.$/,
  )
})

test.each([
  ['?sslmode=require', '?sslmode=verify-full'],
  ['?a=b&sslmode=prefer&c=d', '?a=b&sslmode=verify-full&c=d'],
  ['?sslmode=no-verify', '?sslmode=no-verify'],
  ['', ''],
])('the parameters %j of an address reach pg as %j', (given, taken) => {
  const { connectionString } = connectionOptions(`postgresql://host/db${given}`)
  expect(connectionString).toBe(`postgresql://host/db${taken}`)
})

describe('a failure', () => {
  const failing = (error: unknown) =>
    inPostgres('migrate', URL_WITH_SECRET, () => Promise.reject(error), 'Nothing was changed.')

  test('of the connection says what to check', async () => {
    await expect(failing(new Error('connect ECONNREFUSED'))).rejects.toEqual(
      new CommandFailed(
        'Could not migrate postgresql://me@host:5433/counts: connect ECONNREFUSED\n' +
          'Check that Postgres runs, and check the host, port and sslmode in DATABASE_URL.',
      ),
    )
  })

  test('that Postgres reports says what holds now, in the words of Postgres and not of drizzle', async () => {
    const refused = Object.assign(new Error('permission denied'), { severity: 'ERROR' })
    await expect(failing(new Error('Failed query: select ...', { cause: refused }))).rejects.toEqual(
      new CommandFailed(
        'Could not migrate postgresql://me@host:5433/counts: permission denied\nNothing was changed.',
      ),
    )
  })

  test('that is in words already keeps them', async () => {
    const failed = new CommandFailed('in words', { cause: new Error('the cause') })
    await expect(failing(failed)).rejects.toBe(failed)
  })

  test('at several addresses names each', () => {
    const both = new AggregateError([new Error('connect ::1'), new Error('connect 127.0.0.1')])
    expect(reasonOf(both)).toBe('connect ::1; connect 127.0.0.1')
  })
})
