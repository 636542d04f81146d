import type { DurableObjectStorage } from '@cloudflare/workers-types'

/** What a SQLite row may hold here. Integers stay below 2^53, for the platform reads them as doubles. */
export type SqlValue = string | number | null

export type Row = Readonly<Record<string, SqlValue>>

/** The seam to a SQLite database: the Durable Object's own, or another in tests. */
export interface Sql {
  /** Runs one statement and returns all of its rows. Constant text, so that the platform's cache knows it. */
  run(statement: string, ...params: readonly SqlValue[]): Row[]
  /** All that `body` writes, or nothing of it when it throws. Never nested. */
  transaction<T>(body: () => T): T
}

/** The Durable Object's SQLite behind the seam. */
export function durableObjectSql(storage: DurableObjectStorage): Sql {
  return {
    run: (statement, ...params) => storage.sql.exec<Record<string, SqlValue>>(statement, ...params).toArray(),
    transaction: (body) => storage.transactionSync(body),
  }
}
