import type { DurableObjectStorage } from '@cloudflare/workers-types'

/** A value in a SQLite row. Integers stay below 2^53, because the platform reads them as doubles. */
export type SqlValue = string | number | null

export type Row = Readonly<Record<string, SqlValue>>

/** The seam to a SQLite database: the Durable Object's own, or another one in tests. */
export interface Sql {
  /** Runs one statement and returns all of its rows. Its text is constant, so that the platform's cache knows it. */
  run(statement: string, ...params: readonly SqlValue[]): Row[]
  /** Writes all that `body` writes, or nothing of that when it throws. Never nested. */
  transaction<T>(body: () => T): T
}

/** The Durable Object's SQLite, behind the seam. */
export function durableObjectSql(storage: DurableObjectStorage): Sql {
  return {
    run: (statement, ...params) => storage.sql.exec<Record<string, SqlValue>>(statement, ...params).toArray(),
    transaction: (body) => storage.transactionSync(body),
  }
}

/** A column that holds a safe integer. @throws when it does not. */
export function integer(row: Row, column: string): number {
  const value = row[column]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new Error(`column ${column} is not a safe integer`)
}

/** A column that holds text. @throws when it does not. */
export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new Error(`column ${column} is not text`)
}
