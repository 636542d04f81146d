import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { Statement } from '../statement.ts'
import type { Answer } from './session.ts'

/**
 * Runs a statement through Drizzle as its text stands, because making the text anew at each use would take as long as
 * the driver does.
 */
export async function run(
  database: PgDatabase<PgQueryResultHKT>,
  statement: Statement,
  values?: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const prepared = database._.session.prepareQuery<{ execute: Answer; all: never; values: never }>(
    statement,
    undefined,
    undefined,
    false,
  )
  return prepared.execute(values && { ...values })
}
