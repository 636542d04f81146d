import { type Query, type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { LOCK_MS_MAX } from '../limits.ts'

declare const made: unique symbol

/** A statement's text and parameters. Only the functions of this file make one, so each calls a volatile function. [P4] */
export type Statement = Query & { readonly [made]: true }

/** A read, which must be sent with a `request` that no other has, and answers one row with it. */
export type Read = Statement & { readonly isRead: true }

const dialect = new PgDialect()

function prepare(statement: SQL): Statement {
  return dialect.sqlToQuery(statement) as Statement
}

/**
 * A wait for a lock ends before the client gives up, and rolls back. Otherwise the statement would live on in the server
 * without a client, each resend would wait behind it, and together they would use up the database's connections. The
 * setting ends with the transaction, so it does no harm to a pooler's next client.
 *
 * A lock on a whole table is waited for before the statement begins, and this has no say in it: then the client's
 * timeout cancels the statement.
 */
const PATIENCE = sql.raw(
  `with patience as materialized (select set_config('lock_timeout', '${LOCK_MS_MAX}', true))`,
)

/** A condition on which the first row that a statement locks must depend, so that patience is there before it. */
export const PATIENT = sql`exists (select from patience)`

/**
 * A statement that writes.
 *
 * @param body what follows the first of its CTEs: more of them after a comma, or the statement itself.
 */
export function writing(body: SQL): Statement {
  return prepare(sql`${PATIENCE}${body}`)
}

/**
 * A statement that reads. It calls a volatile function, so Hyperdrive does not cache its answer [P4]. Not the function of
 * PATIENCE, which would keep Postgres from reading in parallel; what a read waits for is out of its reach anyway.
 *
 * The answer repeats the request's own number, so that an answer from any other cache is seen to be none. A clock would
 * not show it, because those of the Worker and of Postgres differ.
 *
 * @param columns of the one row that it answers.
 */
export function reading(columns: SQL): Read {
  const statement = sql`select clock_timestamp() as answered_at, ${sql.placeholder('request')}::text as request, ${columns}`
  return prepare(statement) as Read
}

/** A statement of a migration, which calls a volatile function, and bounds its waits, in its own text. */
export function migrating(statement: SQL): Statement {
  return prepare(statement)
}

/** A read that answers the rows of a `select`, in their order, as the column `items`; and `coarse`, as JSON. */
export function listing(rows: SQL, coarse: SQL = sql`'[]'::json`): Read {
  return reading(
    sql`(select coalesce(json_agg(item), '[]'::json) from (${rows}) as item) as items, ${coarse} as coarse`,
  )
}
