import type { NeonQueryFunction } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type pg from 'pg'
import type { Statement } from '../statement.ts'
import type { StatementAnswer } from './session.ts'

/**
 * Runs a statement through Drizzle as its text stands, because making the text anew at each use would take as long as
 * the driver does.
 */
export async function run(
  database: PgDatabase<PgQueryResultHKT>,
  statement: Statement,
  values?: Readonly<Record<string, unknown>>,
): Promise<StatementAnswer> {
  const prepared = database._.session.prepareQuery<{ execute: StatementAnswer; all: never; values: never }>(
    statement,
    undefined,
    undefined,
    false,
  )
  return prepared.execute(values && { ...values })
}

/** Runs statements in one transaction of a connection. When one of them fails, the connection is to be ended. */
export async function transactOverTcp(
  client: pg.Client,
  statements: readonly Statement[],
): Promise<readonly StatementAnswer[]> {
  const answers: StatementAnswer[] = []
  await client.query('begin isolation level read committed')
  for (const statement of statements) answers.push(await run(drizzle(client), statement))
  await client.query('commit')
  return answers
}

/** Runs statements in one transaction, all in one request. */
export function transactOverHttp(
  client: NeonQueryFunction<false, false>,
  statements: readonly Statement[],
): Promise<readonly StatementAnswer[]> {
  return client.transaction(
    statements.map(({ sql, params }) => client.query(sql, params)),
    { isolationLevel: 'ReadCommitted', fullResults: true },
  )
}
