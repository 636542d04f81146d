import { messages, type PGlite, protocol } from '@electric-sql/pglite'
import {
  type Backend,
  BackendError,
  beginText,
  type Field,
  type NeonStatement,
  type StatementResult,
  type TransactionMode,
} from './backend.ts'

const { serialize } = protocol
type Message = Awaited<ReturnType<PGlite['execProtocolStream']>>[number]

/**
 * A Backend over PGlite. Whoever made the PGlite closes it.
 *
 * It speaks Postgres's wire protocol to PGlite instead of calling `query()`. So values come and go as the text that
 * Postgres reads and prints, and a column keeps its table, size and modifier, which `query()` drops.
 *
 * PGlite has one session, so requests take turns, and each holds both of PGlite's locks from its first statement to its
 * last. Here statements never wait for each other's row locks, and cannot deadlock.
 */
export function pgliteBackend(db: PGlite): Backend {
  return {
    query: (statement) => exclusively(db, () => runAlone(db, statement)),
    batch: (statements, mode) => exclusively(db, () => runBatch(db, statements, mode)),
  }
}

async function exclusively<T>(db: PGlite, work: () => Promise<T>): Promise<T> {
  try {
    // Wait before taking the locks, because PGlite takes them too while it starts.
    await db.waitReady
  } catch (error) {
    throw new BackendError('unreachable', error)
  }
  return db._runExclusiveTransaction(() =>
    db.runExclusive(() => {
      if (db.closed) throw new BackendError('unreachable', new Error('the database is closed'))
      return work()
    }),
  )
}

async function runAlone(db: PGlite, statement: NeonStatement): Promise<StatementResult> {
  try {
    return await run(db, statement)
  } finally {
    // A lone `begin` must not take in the requests that follow. A real connection would be closed here.
    if (db.isInTransaction()) await run(db, { text: 'rollback', params: [] })
  }
}

async function runBatch(db: PGlite, statements: readonly NeonStatement[], mode: TransactionMode) {
  await run(db, { text: beginText(mode), params: [] })
  try {
    const results: StatementResult[] = []
    for (const statement of statements) results.push(await run(db, statement))
    await run(db, { text: 'commit', params: [] })
    return results
  } finally {
    if (db.isInTransaction()) await run(db, { text: 'rollback', params: [] })
  }
}

async function run(db: PGlite, statement: NeonStatement): Promise<StatementResult> {
  try {
    return toResult(await db.execProtocolStream(toMessages(statement), {}))
  } catch (error) {
    if (error instanceof messages.DatabaseError) throw new BackendError('refused', error, error)
    // Postgres did not answer, so it has ended (an abort inside WebAssembly).
    throw new BackendError('lost', error)
  }
}

function toMessages({ text, params }: NeonStatement): Uint8Array {
  return Buffer.concat([
    serialize.parse({ text }),
    serialize.bind({ values: [...params] }),
    serialize.describe({ type: 'P' }),
    serialize.execute(),
    // Postgres ignores this except after `copy ... from stdin`. That would wait for rows that never come and end PGlite
    // (0.5.16: "Program terminated with exit(1)"). The text is the one that pg sends.
    serialize.copyFail('No source stream defined'),
    serialize.sync(),
  ])
}

function toResult(answer: readonly Message[]): StatementResult {
  let fields: Field[] = []
  let tag = ''
  const rows: (string | null)[][] = []
  for (const message of answer) {
    if (message instanceof messages.RowDescriptionMessage) fields = message.fields.map(toField)
    else if (message instanceof messages.DataRowMessage) rows.push(message.fields)
    else if (message instanceof messages.CommandCompleteMessage) tag = message.text
  }
  return { fields, rows, ...parseTag(tag) }
}

function toField(field: messages.RowDescriptionMessage['fields'][number]): Field {
  const { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier } = field
  return { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier, format: 'text' }
}

/** A tag that counts rows ends with the count: `SELECT 2`, `INSERT 0 5`. Other tags are words: `CREATE TABLE`. */
function parseTag(tag: string): Pick<StatementResult, 'command' | 'rowCount'> {
  const words = tag.split(' ')
  const last = words.at(-1) ?? ''
  return { command: words[0] ?? '', rowCount: /^\d+$/.test(last) ? Number(last) : null }
}
