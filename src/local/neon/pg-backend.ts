import pg from 'pg'
import { STATEMENT_MS_MAX } from '../../limits.ts'
import {
  type Backend,
  BackendError,
  beginText,
  type Field,
  type NeonStatement,
  type StatementResult,
  type TransactionMode,
} from './backend.ts'
import { type Cancel, createCancel } from './cancel.ts'

/** Values stay text, as Postgres sent them. */
const rawText = { getTypeParser: () => (text: string) => text }

/**
 * How long Postgres may take to answer when the client never goes away: the client's own timeout, and a little more, so
 * that the client knows it for a timeout.
 */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 2_000

/** After so much silence other connections that were idle meanwhile are not trusted either, in milliseconds. */
const SILENT_MS = 1_000

/**
 * A Backend over a pool of connections to a real Postgres. Whoever made the pool ends it, after the endpoint is closed.
 *
 * A connection on which Postgres does not answer in time is given up. It may be half open: packets were lost, and
 * nobody says so. Such a connection would otherwise take its place in the pool for good.
 */
export function pgBackend(pool: pg.Pool, answerMsMax = ANSWER_MS_MAX): Backend {
  // Without a listener, the end of an idle connection (Postgres restarted) would end this process. The pool has already
  // dropped that connection, and the next statement gets a new one or says why not.
  pool.on('error', ignored)
  // pg also reports the end of a connection in use twice: to the statement under way, which passes it on, and as this
  // event. The listener must be there before the pool hands the connection out, because its end can come in the packet
  // that makes it ready.
  pool.on('connect', (client) => client.on('error', ignored))
  const connections = new Connections(pool, answerMsMax)
  return {
    query: (statement, gone) => connections.use([statement], gone, (client) => run(client, statement)),
    batch: (statements, mode, gone) =>
      connections.use(statements, gone, (client) => runBatch(client, statements, mode)),
  }
}

function ignored(): void {}

class Connections {
  readonly #pool: pg.Pool
  readonly #answerMsMax: number
  readonly #cancel: Cancel
  /** When each connection last showed that it works. */
  readonly #workedMs = new WeakMap<pg.PoolClient, number>()
  /**
   * Since when a connection that was given up had been silent. Others that were idle since then may be dead as well.
   */
  #silentSinceMs = Number.NEGATIVE_INFINITY

  constructor(pool: pg.Pool, answerMsMax: number) {
    this.#pool = pool
    this.#answerMsMax = answerMsMax
    this.#cancel = createCancel(pool.options)
    pool.on('connect', (client) => this.#workedMs.set(client, performance.now()))
  }

  /** Runs `work`, which sends the statements, on a connection of the pool. */
  async use<T>(
    statements: readonly NeonStatement[],
    gone: AbortSignal | undefined,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    const client = await this.#connect()
    let isIdle = false
    try {
      const result = await this.#inTime(client, statements, gone, work(client))
      isIdle = client.getTransactionStatus() === 'I'
      this.#workedMs.set(client, performance.now())
      return result
    } finally {
      // Like Neon's proxy, this uses a connection again only after a success that left it idle. A lone `begin` must not
      // take in the statements that follow, and pg never recovers a connection from `copy ... from stdin`. The pool
      // destroys the socket of a connection whose statement is still under way.
      client.release(!isIdle)
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await connect(this.#pool)
      if ((this.#workedMs.get(client) ?? 0) > this.#silentSinceMs) return client
      client.release(true)
    }
  }

  /** Waits for the work, until it has taken too long or the client has gone. */
  async #inTime<T>(
    client: pg.PoolClient,
    statements: readonly NeonStatement[],
    gone: AbortSignal | undefined,
    work: Promise<T>,
  ): Promise<T> {
    const beganMs = performance.now()
    const over = Promise.withResolvers<never>()
    const giveUp = (reason: string) => () => {
      if (performance.now() - beganMs >= SILENT_MS) {
        this.#silentSinceMs = Math.max(this.#silentSinceMs, beganMs)
      }
      this.#cancel(client, statements)
      over.reject(new BackendError('lost', reason))
    }
    const onGone = giveUp('the client has gone')
    const timer = setTimeout(giveUp('Postgres has not answered in time'), this.#answerMsMax)
    gone?.addEventListener('abort', onGone)
    try {
      return await Promise.race([work, over.promise])
    } finally {
      clearTimeout(timer)
      gone?.removeEventListener('abort', onGone)
    }
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw new BackendError('unreachable', error, error instanceof pg.DatabaseError ? error : {})
  }
}

/** An error needs no rollback, because Postgres has aborted the transaction by then and the connection is closed. */
async function runBatch(client: pg.PoolClient, statements: readonly NeonStatement[], mode: TransactionMode) {
  await run(client, { text: beginText(mode), params: [] })
  const results: StatementResult[] = []
  for (const statement of statements) results.push(await run(client, statement))
  await run(client, { text: 'commit', params: [] })
  return results
}

async function run(client: pg.PoolClient, statement: NeonStatement): Promise<StatementResult> {
  const query = {
    text: statement.text,
    values: [...statement.params],
    rowMode: 'array' as const,
    types: rawText,
    // Otherwise pg sends a text without parameters as a simple query, which may hold two statements.
    queryMode: 'extended',
  }
  try {
    const { fields, rows, command, rowCount } = await client.query<(string | null)[]>(query)
    return { fields: fields.map(toField), rows, command: command ?? '', rowCount }
  } catch (error) {
    if (error instanceof pg.DatabaseError) throw new BackendError('refused', error, error)
    throw new BackendError('lost', error)
  }
}

function toField(field: pg.FieldDef): Field {
  const { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier } = field
  return { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier, format: 'text' }
}
