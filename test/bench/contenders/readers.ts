import pg from 'pg'
import type { Statement } from '../../../src/local/neon/backend.ts'
import { bundle } from '../../support/bundled.ts'
import type { Served } from '../../support/served.ts'
import { settledStatus } from '../../support/status.ts'
import type { Contender } from '../contenders.ts'
import { applyLoad, keyOf } from '../load.ts'
import { recording } from '../recording.ts'
import { BENCH, type Host } from './host.ts'

export const READERS = {
  sql: 'same SQL',
  committed: 'Sumdial, committed',
  fresh: 'Sumdial, fresh',
  pending: 'Sumdial, fresh, increments pending',
} as const

/** Keys that have rows, in each of the last hours. */
const KEYS = 1_000
const HOURS = 30

/** Those that are read from, all before the same rows of one database. */
export async function startReaders(host: Host): Promise<Contender[]> {
  const database = await host.database()
  await fill(database)
  let sent: () => Statement = () => ({ text: '', params: [] })
  const endpoint = await host.endpoint(database, (backend) => {
    const recorded = recording(backend)
    sent = recorded.sent
    return recorded.backend
  })
  const script = await bundle()
  const settled = await host.worker(script, { endpoint })
  await count(settled)
  await settledStatus(settled.url)
  const statement = await committedStatement(settled, () => sent())
  const pending = await host.worker(script, { endpoint, vars: { FLUSH_INTERVAL_SECONDS: '3600' } })
  await count(pending)
  const sql = await host.worker(await bundle(`${BENCH}/sql-worker.ts`), {
    endpoint,
    vars: { STATEMENT: JSON.stringify(statement), KEY },
  })
  const reader = (name: string, promise: string, { pid, log, urls }: Served, more = ''): Contender => ({
    ...{ name, promise, pid, log, urls, isSumdial: false },
    read: `/counters?key={key}${more}`,
  })
  return [
    reader(READERS.sql, 'what is in Postgres, as rows', sql),
    reader(READERS.committed, 'what is in Postgres, by hours', settled, '&consistency=committed'),
    reader(READERS.fresh, 'all that was acknowledged', settled),
    reader(READERS.pending, 'all that was acknowledged', pending),
  ]
}

async function fill(database: string): Promise<void> {
  const client = new pg.Client(database)
  await client.connect()
  await client.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
    select $1 || n, hour, 100, 20, 1, 9 from generate_series(0, $2 - 1) as n,
      generate_series(date_trunc('hour', now()) - make_interval(hours => $3), date_trunc('hour', now()), '1 hour') as hour`,
    [keyOf(''), KEYS, HOURS],
  )
  await client.query('vacuum analyze sumdial.counters')
  await client.end()
}

/** Every key several times. */
async function count({ urls }: Served): Promise<void> {
  await applyLoad({ urls, connections: 16, seconds: 2, items: 100, keys: KEYS, ids: false })
}

const KEY = 'the-key-that-is-asked-for'

async function committedStatement({ url }: Served, sent: () => Statement): Promise<Statement> {
  const response = await fetch(`${url}/counters?key=${KEY}&consistency=committed`)
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  const statement = sent()
  if (!JSON.stringify(statement).includes(KEY))
    throw new Error(`not the statement of a read: ${statement.text}`)
  return statement
}
