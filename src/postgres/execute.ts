import { fillPlaceholders, type Query, SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { Clock } from '../clock.ts'
import type { ConnectionConfig } from './connection.ts'
import { withClient } from './connection.ts'
import { classifyFailure } from './failure.ts'

const dialect = new PgDialect()

/**
 * Makes the text of a statement with placeholders, once for all of its uses, because that takes as long as the driver
 * does.
 */
export function prepare(statement: SQL): Query {
  return dialect.sqlToQuery(statement)
}

/**
 * Runs statements for callers who only want to know that Postgres could not be asked, and why.
 *
 * @param timeoutMs of each statement.
 * @returns a function that runs a statement, with values for its placeholders. It rejects with the reason alone, because the
 *   driver's message may repeat values.
 */
export function executor(config: ConnectionConfig, clock: Clock, timeoutMs: number) {
  return async (statement: SQL | Query, values: Readonly<Record<string, unknown>> = {}) => {
    const query = statement instanceof SQL ? prepare(statement) : statement
    const params = fillPlaceholders(query.params, values)
    try {
      return await withClient(config, clock, timeoutMs, (client) =>
        client.query(query.sql, params, { fullResults: true }),
      )
    } catch (error) {
      throw new Error(classifyFailure(error).reason)
    }
  }
}
