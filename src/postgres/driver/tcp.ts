import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { CANCEL_MS_MAX, END_MS_MAX } from '../../limits.ts'
import type { Statement } from '../statement.ts'
import { cancel } from './cancel.ts'
import { ConnectFailure, StatementTimeout } from './failures.ts'
import { run, transactOverTcp } from './run.ts'
import type { Postgres, Session, StatementAnswer } from './session.ts'

/**
 * Statements through `pg`, over one TCP connection. Nothing is prepared under a name, and no setting outlives its
 * transaction, so a pooler in transaction mode may stand in between.
 *
 * Every failure ends the connection, and the next statement opens another.
 */
export class TcpSession implements Session {
  readonly #url: string
  readonly #postgres: Postgres
  /** Connected, and without a statement. */
  #idle: pg.Client | undefined

  constructor(url: string, postgres: Postgres) {
    this.#url = url
    this.#postgres = postgres
  }

  execute(
    statement: Statement,
    timeoutMs: number,
    values?: Readonly<Record<string, unknown>>,
  ): Promise<StatementAnswer> {
    return this.#within(timeoutMs, (client) => run(drizzle(client), statement, values))
  }

  transact(statements: readonly Statement[], timeoutMs: number): Promise<readonly StatementAnswer[]> {
    return this.#within(timeoutMs, (client) => transactOverTcp(client, statements))
  }

  async #within<T>(timeoutMs: number, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const { clock, background } = this.#postgres
    const connected = this.#idle
    this.#idle = undefined
    const client = connected ?? new pg.Client(clientOptions(this.#url))
    const late = Promise.withResolvers<never>()
    const stop = clock.after(timeoutMs, () => late.reject(new StatementTimeout(timeoutMs)))
    try {
      const isConnected = connected !== undefined
      const answer = await Promise.race([ask(client, isConnected, work), late.promise])
      this.end()
      this.#idle = client
      return answer
    } catch (error) {
      background(this.#giveUp(client, error instanceof StatementTimeout))
      throw error
    } finally {
      stop()
    }
  }

  end(): void {
    const client = this.#idle
    this.#idle = undefined
    if (client !== undefined) this.#postgres.background(this.#end(client))
  }

  /** Says goodbye to Postgres, and destroys the connection when Postgres does not hear it. */
  async #end(client: pg.Client): Promise<void> {
    await this.#atMost(END_MS_MAX, client.end())
    destroy(client)
  }

  /** A statement that nobody waits for any more is cancelled first, because it would outlive its connection. */
  async #giveUp(client: pg.Client, isLate: boolean): Promise<void> {
    if (isLate) await this.#atMost(CANCEL_MS_MAX, cancel(client))
    destroy(client)
  }

  /** Waits for work that may never end, and leaves no timer behind. */
  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    const over = Promise.withResolvers<void>()
    const stop = this.#postgres.clock.after(ms, over.resolve)
    await Promise.race([work.catch(ignored), over.promise])
    stop()
  }
}

/** TLS always checks the certificate. `pg` takes these modes for `verify-full` too, but warns of each. */
function clientOptions(url: string): pg.ClientConfig {
  return { connectionString: url.replace(/([?&]sslmode=)(require|prefer|verify-ca)(?=&|$)/, '$1verify-full') }
}

async function ask<T>(
  client: pg.Client,
  isConnected: boolean,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  if (!isConnected) await connect(client)
  return work(client)
}

async function connect(client: pg.Client): Promise<void> {
  // The end of a connection fails the statement under way, and is an event as well, which without a listener is an error of
  // the program.
  client.on('error', ignored)
  try {
    await client.connect()
  } catch (error) {
    throw error instanceof pg.DatabaseError ? error : new ConnectFailure(error)
  }
}

function ignored(): void {}

function destroy(client: pg.Client): void {
  const { stream } = client.connection
  // A socket that is still being opened can only be closed afterwards.
  stream.once('connect', () => stream.destroy())
  stream.destroy()
}
