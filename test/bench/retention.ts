import { parseArgs } from 'node:util'
import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import type { Backend, Statement } from '../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { addHours, formatHour, formatHourStart, type Hour, hourOf } from '../../src/model/hour.ts'
import { createRetention } from '../../src/postgres/retention.ts'
import { createSink } from '../../src/postgres/sink.ts'
import { nodeClock } from '../support/node-clock.ts'
import { startPostgres } from '../support/postgres.ts'
import { runCommand } from './command.ts'
import { fillCounters } from './fill-counters.ts'
import { describeMachine } from './machine.ts'

const HELP = `Usage: npm run bench:retention -- [options]

Fills a real PostgreSQL with a year of rows and deletes all but the last days of them, as the sweep does, two sweeps at
once, while flushes go on. Exits with 1 when a row is missing that should be there, or the other way round.

Options:
  --rows N    at least so many rows (5000000: about 1.5 GB on disk and some minutes)
  --days N    the days that stay (30)
  --help      show this`

type Options = { readonly rows: number; readonly days: number }

/** @throws TypeError for an option that is not known, or that is not a number where one is meant. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '5000000' },
      days: { type: 'string', default: '30' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const [rows, days] = [Number(values.rows), Number(values.days)]
  if (!(Number.isInteger(rows) && rows > 0 && Number.isInteger(days) && days > 0))
    throw new TypeError('--rows and --days must be whole numbers from 1')
  return { rows, days }
}

const TO = hourOf(Date.UTC(2026, 10, 21, 20))
const FLUSH_CELLS = 500

/** Flushes the same keys of one hour again and again. @returns how long each took, in ms, once it is told to end. */
function startFlushes(sink: ReturnType<typeof createSink>, hour: Hour) {
  const cells = Cells.of(Array.from({ length: FLUSH_CELLS }, (_, i) => [`bench/${i}`, cellOf(1)] as const))
  const writer = crypto.randomUUID()
  const tookMs: number[] = []
  let isOver = false
  const run = async () => {
    for (let seq = 1; !isOver; seq++) {
      const batch = { writer, seq, id: crypto.randomUUID(), shard: `${formatHour(hour)}/0`, hour, cells }
      const beganMs = performance.now()
      const outcome = await sink.apply({ ...batch, increments: cells.length })
      if (outcome.kind !== 'applied') throw new Error(`a flush was not applied: ${JSON.stringify(outcome)}`)
      tookMs.push(performance.now() - beganMs)
      await nodeClock.sleep(100)
    }
  }
  const running = run()
  return async () => {
    isOver = true
    await running
    return tookMs
  }
}

function describe(tookMs: readonly number[]): string {
  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (part: number) => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1)
  return `${sorted.length} times, median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`
}

/** All that is told apart of the rows from an hour on, but those of the flushes. */
async function digest(client: pg.Client, from: Hour): Promise<string> {
  const { rows } = await client.query(
    `select count(*)::text || ' rows, ' || coalesce(sum(hashtextextended(c::text, 0)::numeric), 0)::text as digest
from sumdial.counters as c where hour >= $1 and not starts_with(key, 'bench/')`,
    [formatHourStart(from)],
  )
  return rows[0].digest
}

async function size(client: pg.Client): Promise<string> {
  const { rows } = await client.query(
    `select pg_size_pretty(pg_relation_size('sumdial.counters')) || ' of rows, ' ||
  pg_size_pretty(pg_indexes_size('sumdial.counters')) || ' of indexes' as size`,
  )
  return rows[0].size
}

/** Times each statement of the retention, and keeps the last. */
function timing(backend: Backend) {
  const tookMs: number[] = []
  let last: Statement = { text: '', params: [] }
  const query: Backend['query'] = async (statement) => {
    const beganMs = performance.now()
    const answer = await backend.query(statement)
    if (statement.text.includes('delete from sumdial.counters')) {
      tookMs.push(performance.now() - beganMs)
      last = statement
    }
    return answer
  }
  return { backend: { ...backend, query }, tookMs, last: () => last }
}

async function run({ rows, days }: Options): Promise<number> {
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres({ max_wal_size: '16GB', synchronous_commit: 'off' })
  stack.defer(() => postgres.stop())
  await migrate(postgres.url)
  const client = new pg.Client(postgres.url)
  await client.connect()
  stack.defer(() => client.end())
  const filled = await fillCounters(client, { rows, to: TO, onProgress: () => {} })
  const before = addHours(filled.to, -24 * days)
  const kept = await digest(client, before)
  console.log(
    `${describeMachine()}\nfilled: ${filled.rows} rows; to stay: ${kept.split(',')[0]}; ${await size(client)}`,
  )

  const pool = new pg.Pool({ connectionString: postgres.url })
  stack.defer(() => pool.end())
  const timed = timing(pgBackend(pool))
  const endpoint = await startNeonEndpoint({ backend: timed.backend })
  stack.defer(() => endpoint.close())
  const connection = {
    databaseUrl: 'postgresql://sumdial:unused@localhost/sumdial',
    neonFetchEndpoint: endpoint.url,
  }
  const sink = createSink(connection, nodeClock)
  const endBefore = startFlushes(sink, addHours(TO, -1))
  await nodeClock.sleep(15_000)
  console.log(`flushes of ${FLUSH_CELLS} cells before: ${describe(await endBefore())}`)

  const end = startFlushes(sink, addHours(TO, -1))
  const beganMs = performance.now()
  const deleted = await Promise.all([0, 1].map(() => deleteAll(connection, before)))
  const seconds = (performance.now() - beganMs) / 1000
  console.log(`flushes during: ${describe(await end())}`)
  console.log(`deleted by the two sweeps: ${deleted.join(' and ')} rows in ${seconds.toFixed(0)} s`)
  console.log(`statements: ${describe(timed.tookMs)}\nafter: ${await size(client)}`)
  await client.query('vacuum sumdial.counters')
  console.log(`after vacuum: ${await size(client)}`)
  await explainStep(client, timed.last(), days)

  const left = await digest(client, 0 as Hour)
  console.log(
    left === kept ? 'exactly the rows that were to stay are there' : `WRONG: ${kept} became ${left}`,
  )
  return left === kept ? 0 : 1
}

async function deleteAll(connection: Parameters<typeof createRetention>[0], before: Hour): Promise<number> {
  const deleteBefore = createRetention(connection, nodeClock)
  let deleted = 0
  for (let hasMore = true; hasMore; ) {
    const swept = await deleteBefore(before)
    deleted += swept.deleted
    hasMore = swept.hasMore
  }
  return deleted
}

/** The plan of one more step, into the days that stay; undone. */
async function explainStep(client: pg.Client, { text, params }: Statement, days: number): Promise<void> {
  const later = formatHourStart(addHours(TO, -12 * days))
  await client.query('begin')
  const { rows } = await client.query(
    `explain (analyze, buffers, costs off) ${text}`,
    params.map((param) => (typeof param === 'string' && param.endsWith('Z') ? later : param)),
  )
  await client.query('rollback')
  console.log(rows.map((row) => row['QUERY PLAN']).join('\n'))
}

process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
