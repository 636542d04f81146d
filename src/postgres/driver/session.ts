import type { DatabaseAddress } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import type { Statement } from '../statement.ts'

/** The answer to a statement, whose values are as `pg-types` reads them with either driver. */
export type StatementAnswer = {
  readonly rows: readonly unknown[]
  /** Rows returned or changed; null for a command that counts none. */
  readonly rowCount: number | null
}

/** The statements of one event: one after another, never two at a time. */
export type Session = {
  /**
   * Runs one statement in a transaction of its own. Rejects with an error that `classifyFailure` knows, after
   * `timeoutMs` with StatementTimeout.
   *
   * @param values of the statement's placeholders.
   */
  execute(
    statement: Statement,
    timeoutMs: number,
    values?: Readonly<Record<string, unknown>>,
  ): Promise<StatementAnswer>
  /**
   * Runs statements in one transaction, which is READ COMMITTED whatever the database's default: each sees what others have
   * committed before it began. Rejects as `execute` does, and then none of them counts, or nobody knows.
   *
   * @param timeoutMs of all of them together.
   */
  transact(statements: readonly Statement[], timeoutMs: number): Promise<readonly StatementAnswer[]>
  /**
   * Ends the connection, if there is one, and does not wait for that. Every session must be ended, because an open socket keeps a
   * Durable Object from hibernating, which is billed.
   */
  end(): void
}

/** How to get to Postgres from where this code runs. */
export type Postgres = {
  readonly address: DatabaseAddress
  readonly clock: Clock
  /** Lets work go on after the event has been answered: a connection that is being ended. It never rejects. */
  readonly background: (work: Promise<void>) => void
}
