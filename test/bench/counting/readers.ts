import type { NeonStatement } from '../../../src/local/neon/backend.ts'
import { bundle } from '../../support/bundled.ts'
import type { Served } from '../../support/served.ts'
import { settledStatus } from '../../support/status.ts'
import { applyLoad, keyOf } from '../load.ts'
import { type Database, recorder, type Stand, startWorker } from '../stand.ts'
import { CONTENDERS, type Contender } from './contenders.ts'

/** The names of those that are read from. */
export const READERS = {
  sql: 'same SQL',
  committed: 'Sumdial, committed',
  fresh: 'Sumdial, fresh',
  pending: 'Sumdial, fresh, increments pending',
} as const

/** Keys that have a row in each of the last hours. */
const KEYS = 1_000
const HOURS = 30

/** Starts those that are read from, all before the same rows of one database. */
export async function startReaders(stand: Stand, stack: AsyncDisposableStack): Promise<Contender[]> {
  const sent = recorder()
  const database = await stand.database({ around: sent.around })
  await fill(database)
  const script = await bundle()
  const { endpoint } = database
  const settled = await startWorker(stack, endpoint, { script })
  await count(settled)
  await settledStatus(settled.url)
  const statement = await committedStatement(settled, sent.last)
  const pending = await startWorker(stack, endpoint, { script, vars: { FLUSH_INTERVAL_SECONDS: '3600' } })
  await count(pending)
  const sql = await startWorker(stack, endpoint, {
    script: await bundle(`${CONTENDERS}/sql-worker.ts`),
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

async function fill({ pool }: Database): Promise<void> {
  await pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
    select $1 || n, hour, 100, 20, 1, 9 from generate_series(0, $2 - 1) as n,
      generate_series(date_trunc('hour', now()) - make_interval(hours => $3), date_trunc('hour', now()), '1 hour') as hour`,
    [keyOf(''), KEYS, HOURS],
  )
  await pool.query('vacuum analyze sumdial.counters')
}

/** Counts every key several times. */
async function count({ urls }: Served): Promise<void> {
  await applyLoad({ urls, connections: 16, seconds: 2, items: 100, keys: KEYS, ids: false })
}

const KEY = 'the-key-that-is-asked-for'

async function committedStatement({ url }: Served, last: () => NeonStatement): Promise<NeonStatement> {
  const response = await fetch(`${url}/counters?key=${KEY}&consistency=committed`)
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  const statement = last()
  if (!JSON.stringify(statement).includes(KEY)) {
    throw new Error(`not the statement of a read: ${statement.text}`)
  }
  return statement
}
