import pg from 'pg'
import type { NeonStatement } from './backend.ts'

/** Tells Postgres to end what this connection runs. It answers nothing, and it may come too late. */
export type Cancel = (client: pg.PoolClient, statements: readonly NeonStatement[]) => void

/**
 * Connections that cancel, at a time. With more to cancel, the others run to their end: exactly-once does not need
 * this.
 */
const CANCELS_MAX = 2
/** How long one may take to connect, and then to be answered, in milliseconds. */
const CANCEL_MS_MAX = 3_000

/** As much of a statement as `pg_stat_activity` shows at least. */
const SHOWN_CHARACTERS = 90

/** A number of a process is used again, so the process must also be running one of these statements. */
const CANCEL = `select pg_cancel_backend(pid) from pg_stat_activity
where pid = $1 and state = 'active' and left(query, ${SHOWN_CHARACTERS}) = any($2)`

/**
 * Cancels over a connection of its own, because those of the pool may all be waiting.
 *
 * @param options with which the pool connects.
 */
export function createCancel(options: pg.PoolConfig): Cancel {
  let underWay = 0
  return (client, statements) => {
    const pid = processOf(client)
    if (pid === undefined || underWay === CANCELS_MAX) return
    underWay += 1
    const beginnings = statements.map(({ text }) => text.slice(0, SHOWN_CHARACTERS))
    void cancel(options, pid, beginnings).finally(() => {
      underWay -= 1
    })
  }
}

/** The number of the server's process, which pg keeps but does not declare. */
function processOf(client: object): number | undefined {
  const pid: unknown = Reflect.get(client, 'processID')
  return typeof pid === 'number' ? pid : undefined
}

/** Never rejects: a statement that cannot be cancelled runs to its end. */
async function cancel(options: pg.PoolConfig, pid: number, beginnings: readonly string[]): Promise<void> {
  const client = new pg.Client({
    ...options,
    connectionTimeoutMillis: CANCEL_MS_MAX,
    query_timeout: CANCEL_MS_MAX,
  })
  const ignored = () => undefined
  client.on('error', ignored)
  await client
    .connect()
    .then(() => client.query(CANCEL, [pid, beginnings]))
    .catch(ignored)
  await client.end().catch(ignored)
}
