import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import type { Statement } from '../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import { addHours, formatHourStart, hourOf } from '../../src/model/hour.ts'
import { createLister } from '../../src/postgres/list.ts'
import { createReader, createSeriesReader } from '../../src/postgres/reader.ts'
import { nodeClock } from '../support/node-clock.ts'
import { startPostgres } from '../support/postgres.ts'
import { runCommand } from './command.ts'
import type { Explained } from './explain.ts'
import { explain } from './explain.ts'
import { median } from './figures.ts'
import { type Filled, fillCounters } from './fill-counters.ts'
import { describeMachine } from './machine.ts'
import { wholeNumber } from './options.ts'
import { hasPsql, timePsql } from './psql.ts'
import { type Facts, type ReadCase, type Readers, readCases } from './read-cases.ts'
import { recording } from './recording.ts'
import { table } from './table.ts'

const HELP = `Usage: npm run bench:reads -- [options]

Fills a real PostgreSQL with a year of rows, and asks what can be asked of it: the statement that the production code
sends, caught on its way, is explained and timed beside the whole of the read, through the Neon endpoint. Exits with 1
when a narrow range is answered by a sequential scan, or a read takes longer than a reader waits.

Options:
  --rows N      at least so many rows (10000000: about 3 GB on disk and some minutes)
  --times N     so many runs of each, of which the median is shown (5)
  --only TEXT   the reads whose name has TEXT in it
  --json FILE   writes the figures there
  --help        show this`

/** Settings of a server that only has to be filled quickly; for queries they are PostgreSQL's defaults. */
const LOADING = {
  max_wal_size: '16GB',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
}

type Options = {
  readonly rows: number
  readonly times: number
  readonly only: string
  readonly json: string | undefined
}

/** @throws TypeError for an option that is not known, or that is not a number where one is meant. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '10000000' },
      times: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    rows: wholeNumber(values.rows, 'rows'),
    times: wholeNumber(values.times, 'times'),
    only: values.only,
    json: values.json,
  }
}

/** Medians, in ms. */
type Figures = Explained & {
  readonly name: string
  readonly isNarrow: boolean
  /** The statement alone, through a `pg` client; through `psql`, where there is one. */
  readonly clientMs: number
  /** Processor time of the same in Postgres, which is not the longer for others' load; null where there is no /proc. */
  readonly cpuMs: number | null
  readonly psqlMs: number | null
  /** The production's reader and the Neon endpoint; null when it took longer than a reader waits. */
  readonly readerMs: number | null
}

type Stand = {
  readonly url: string
  readonly client: pg.Client
  readonly readers: Readers
  /** What the production code last sent to Postgres. */
  readonly sent: () => Statement
}

async function measure(stand: Stand, { name, isNarrow, ask }: ReadCase, times: number): Promise<Figures> {
  const { client, url, readers, sent } = stand
  const readerMs = await timesOf(times, () => ask(readers)).catch(() => null)
  const statement = sent()
  const { text, params } = statement
  const beforeMs = await processorMs(client)
  const clientMs = await timesOf(times, () => client.query(text, [...params]))
  const afterMs = await processorMs(client)
  const psqlMs = hasPsql() ? await timePsql(url, statement, times) : null
  return {
    name,
    isNarrow,
    ...(await explain(client, statement)),
    clientMs: median(clientMs),
    cpuMs: beforeMs === null || afterMs === null ? null : (afterMs - beforeMs) / times,
    psqlMs: psqlMs && median(psqlMs),
    readerMs: readerMs && median(readerMs),
  }
}

/** Ticks of Linux are 10 ms. */
const TICK_MS = 10

/** What the server's process of this connection has taken of the processor so far. */
async function processorMs(client: pg.Client): Promise<number | null> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const path = `/proc/${rows[0]?.pid}/stat`
  if (!existsSync(path)) return null
  // Fields 14 and 15, of which the second, the name, may have spaces.
  const fields = readFileSync(path, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

async function timesOf(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < times; i++) {
    const beganMs = performance.now()
    await work()
    all.push(performance.now() - beganMs)
  }
  return all
}

/** Starts and fills a PostgreSQL, with the production's readers before it. */
async function startStand(
  stack: AsyncDisposableStack,
  rows: number,
): Promise<Stand & { readonly facts: Facts; readonly filled: Filled }> {
  const postgres = await startPostgres(LOADING)
  stack.defer(() => postgres.stop())
  const { url } = postgres
  await migrate(url)
  const client = new pg.Client(url)
  await client.connect()
  stack.defer(() => client.end())
  const filled = await fillWithProgress(client, rows)
  const pool = new pg.Pool({ connectionString: url })
  stack.defer(() => pool.end())
  const { backend, sent } = recording(pgBackend(pool))
  const endpoint = await startNeonEndpoint({ backend })
  stack.defer(() => endpoint.close())
  const connection = {
    databaseUrl: 'postgresql://sumdial:unused@localhost/sumdial',
    neonFetchEndpoint: endpoint.url,
  }
  const readers = {
    read: createReader(connection, nodeClock),
    readSeries: createSeriesReader(connection, nodeClock),
    list: createLister(connection, nodeClock),
  }
  return { url, client, readers, sent, filled, facts: await findFacts(client, filled) }
}

async function fillWithProgress(client: pg.Client, rows: number): Promise<Filled> {
  const beganMs = performance.now()
  let saidMs = 0
  const onProgress = (filled: number) => {
    const nowMs = performance.now()
    if (nowMs - saidMs < 2_000 && filled < rows) return
    saidMs = nowMs
    console.error(
      `filled ${filled.toLocaleString('en')} of ${rows.toLocaleString('en')} rows, ${((nowMs - beganMs) / 1000).toFixed(0)} s`,
    )
  }
  const filled = await fillCounters(client, { rows, to: hourOf(Date.UTC(2026, 10, 21, 20)), onProgress })
  console.error(`indexed and analyzed after ${((performance.now() - beganMs) / 1000).toFixed(0)} s`)
  return filled
}

async function findFacts(client: pg.Client, { from, to }: Filled): Promise<Facts> {
  const day = [formatHourStart(addHours(to, -24)), formatHourStart(to)]
  const one = async (text: string) => {
    const { rows } = await client.query<{ key: string }>(text, day)
    return rows[0]?.key ?? ''
  }
  const inDay = 'from sumdial.counters where hour >= $1 and hour < $2'
  return {
    from,
    to,
    hotKey: await one(`select key ${inDay} group by key order by sum(count) desc limit 1`),
    middleKey: await one(`select percentile_disc(0.5) within group (order by key) as key ${inDay}`),
  }
}

const HEAD = [
  'read',
  'by',
  'rows read',
  'pages',
  'explained ms',
  'pg ms',
  'CPU ms',
  'psql ms',
  'reader + endpoint ms',
]

function describeFigures(figures: readonly Figures[]): string {
  const rows = figures.map((f) => [
    f.name,
    f.scans.join(', '),
    f.rows.toLocaleString('en'),
    f.pages.toLocaleString('en'),
    ...[f.milliseconds, f.clientMs, f.cpuMs, f.psqlMs, f.readerMs].map((ms) =>
      ms === null ? '-' : ms.toFixed(1),
    ),
  ])
  return table(HEAD, rows)
}

function faultsOf(figures: readonly Figures[]): string[] {
  return figures.flatMap(({ name, isNarrow, isSequential, readerMs }) => [
    ...(isNarrow && isSequential ? [`${name}: a sequential scan for a narrow range`] : []),
    ...(readerMs === null ? [`${name}: took longer than a reader waits, which is a 503`] : []),
  ])
}

async function run(options: Options): Promise<number> {
  await using stack = new AsyncDisposableStack()
  const { filled, facts, ...stand } = await startStand(stack, options.rows)
  const {
    rows: [version],
  } = await stand.client.query<{ version: string }>('select version()')
  const figures: Figures[] = []
  for (const one of readCases(facts)) {
    if (!one.name.includes(options.only)) continue
    figures.push(await measure(stand, one, options.times))
    console.error(`measured: ${one.name}`)
  }
  const faults = faultsOf(figures)
  const machine = `${describeMachine()}\n${version?.version}\n${filled.rows.toLocaleString('en')} rows`
  console.log(`${machine}\n\n${describeFigures(figures)}\n`)
  console.log(faults.length === 0 ? 'No sequential scan where the range is narrow.' : faults.join('\n'))
  if (options.json !== undefined)
    writeFileSync(options.json, JSON.stringify({ machine, figures, faults }, null, 2))
  return faults.length > 0 ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
