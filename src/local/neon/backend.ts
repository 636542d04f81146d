/** One SQL statement with its parameters as Postgres reads them: text, or null. */
export interface NeonStatement {
  readonly text: string
  readonly params: readonly (string | null)[]
}

/** A column of a result, with the names and the numbers of Postgres's RowDescription message. */
export interface Field {
  readonly name: string
  readonly dataTypeID: number
  readonly tableID: number
  readonly columnID: number
  readonly dataTypeSize: number
  readonly dataTypeModifier: number
  readonly format: 'text'
}

/** The result of one statement. Values are text as Postgres sent them, whatever their type. */
export interface StatementResult {
  readonly fields: readonly Field[]
  readonly rows: readonly (readonly (string | null)[])[]
  /** First word of the command tag: `SELECT`, `INSERT`, `CREATE`; empty for an empty statement. */
  readonly command: string
  /** Rows returned or changed; null for a command that counts none. */
  readonly rowCount: number | null
}

export type IsolationLevel = 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable'

/** How the transaction of a batch begins. A null isolation leaves the database's default. */
export interface TransactionMode {
  readonly isolation: IsolationLevel | null
  readonly readOnly: boolean
  readonly deferrable: boolean
}

/**
 * A Postgres that runs statements for the endpoint. Every method rejects with a BackendError; anything else is a bug.
 * Statements go through the extended protocol, so Postgres refuses a text that holds two (42601).
 *
 * `gone` fires when nobody waits for the answer any more. The statement is then cancelled, if it still can be: it may
 * also have been committed.
 */
export interface Backend {
  /** Runs one statement in a transaction of its own. */
  query(statement: NeonStatement, gone?: AbortSignal): Promise<StatementResult>
  /** Runs all of them in one transaction: all are committed, or none. */
  batch(
    statements: readonly NeonStatement[],
    mode: TransactionMode,
    gone?: AbortSignal,
  ): Promise<StatementResult[]>
}

/** The fields of a Postgres error, under the names that `pg`, PGlite and Neon's JSON all use. */
export const ERROR_FIELDS = [
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'severity',
  'where',
  'table',
  'column',
  'schema',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const

export type ErrorFields = { readonly [name in (typeof ERROR_FIELDS)[number]]?: string | undefined }

/**
 * - `refused`: Postgres answered with an error, in `fields`.
 * - `lost`: the connection ended, or was given up, while a statement was under way. That statement may have been
 *   committed.
 * - `unreachable`: no connection could be made, so nothing was sent. `fields` holds Postgres's reason, if it gave one.
 */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly kind: 'refused' | 'lost' | 'unreachable'
  readonly fields: ErrorFields

  constructor(kind: BackendError['kind'], cause: unknown, fields: ErrorFields = {}) {
    super(messageOf(cause), { cause })
    this.kind = kind
    this.fields = fields
  }
}

/** When a connection failed at several addresses, Node says why only in the errors inside the AggregateError. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(messageOf).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}

/** The statement that opens a batch's transaction. */
export function beginText(mode: TransactionMode): string {
  const parts = ['begin']
  if (mode.isolation !== null) parts.push(`isolation level ${mode.isolation}`)
  if (mode.readOnly) parts.push('read only')
  if (mode.deferrable) parts.push('deferrable')
  return parts.join(' ')
}
