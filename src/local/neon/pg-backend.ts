import pg from 'pg'
import {
  type Backend,
  BackendError,
  beginText,
  type Field,
  type Statement,
  type StatementResult,
  type TransactionMode,
} from './backend.ts'

/** Values stay text, as Postgres sent them. */
const rawText = { getTypeParser: () => (text: string) => text }

/**
 * A Backend over a pool of connections to a real Postgres. Whoever made the pool ends it, after the endpoint is closed.
 */
export function pgBackend(pool: pg.Pool): Backend {
  // Without a listener, the end of an idle connection (Postgres restarted) would end this process. The pool has already
  // dropped that connection, and the next statement gets a new one or says why not.
  pool.on('error', ignored)
  return {
    query: (statement) => onConnection(pool, (client) => run(client, statement)),
    batch: (statements, mode) => onConnection(pool, (client) => runBatch(client, statements, mode)),
  }
}

/** pg reports the end of a connection twice: to the statement under way, which passes it on, and as this event. */
function ignored(): void {}

/** Runs `work` on a connection of the pool. */
async function onConnection<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connect(pool)
  client.on('error', ignored)
  let isIdle = false
  try {
    const result = await work(client)
    isIdle = client.getTransactionStatus() === 'I'
    return result
  } finally {
    client.off('error', ignored)
    // Like Neon's proxy, this uses a connection again only after a success that left it idle. A lone `begin` must not take
    // in the statements that follow, and pg never recovers a connection from `copy ... from stdin`.
    client.release(!isIdle)
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
async function runBatch(client: pg.PoolClient, statements: readonly Statement[], mode: TransactionMode) {
  await run(client, { text: beginText(mode), params: [] })
  const results: StatementResult[] = []
  for (const statement of statements) results.push(await run(client, statement))
  await run(client, { text: 'commit', params: [] })
  return results
}

async function run(client: pg.PoolClient, statement: Statement): Promise<StatementResult> {
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
