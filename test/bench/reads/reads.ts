import type pg from 'pg'
import type { NeonStatement } from '../../../src/local/neon/backend.ts'
import { must } from '../../../src/model/assert.ts'
import { addHours, formatHourStart, hourOf } from '../../../src/model/hour.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createLister } from '../../../src/postgres/list.ts'
import { createReader, createSeriesReader } from '../../../src/postgres/reader.ts'
import { neonAt, postgresAt } from '../../support/postgres-at.ts'
import { median } from '../figures.ts'
import { cpuSeconds } from '../process.ts'
import type { Ask, Outcome, Scenario } from '../scenario.ts'
import { recorder, startStand } from '../stand.ts'
import { number, table } from '../table.ts'
import { type Facts, READ_CASES, type ReadCase, type Readers } from './cases.ts'
import { type Explained, explain } from './explain.ts'
import { type Filled, fillCounters } from './fill.ts'

/** Settings of a server that has to be filled quickly. For queries they are PostgreSQL's defaults. */
const LOADING = {
  fsync: 'off',
  max_wal_size: '16GB',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
}

/** The end of the last hour that is filled. */
const TO = hourOf(Date.UTC(2026, 10, 21, 20))

type Name = 'rows' | 'rounds'

export const READS: Scenario<Name> = {
  name: 'reads',
  shows:
    'Every kind of read on a real PostgreSQL with a year of rows: the statement that the production code sends, explained ' +
    'and timed, beside the whole read through the Neon endpoint. A fault: a sequential scan for a narrow range, or a read ' +
    'that takes longer than a reader waits.',
  parts: READ_CASES.map(({ name }) => name),
  settings: {
    rows: {
      usual: 10_000_000,
      quick: 200_000,
      is: 'at least so many rows; ten million: 3 GB on disk, some minutes',
    },
    rounds: { usual: 5, quick: 2, is: 'runs of each read, of which the median is shown' },
  },
  async measure(ask): Promise<Outcome> {
    await using stack = new AsyncDisposableStack()
    const { client, readers, overTcp, last, facts, title } = await startReaders(stack, ask)
    const figures: Figures[] = []
    for (const one of READ_CASES.filter(({ name }) => ask.wants(name))) {
      const answer = () => one.ask(readers, facts)
      const tcpMs = await timesOf(ask.settings.rounds, () => one.ask(overTcp, facts)).catch(() => null)
      const times = await measure(client, { answer, last }, ask.settings.rounds)
      figures.push({ ...one, ...times, tcpMs: tcpMs && median(tcpMs) })
      ask.progress(one.name)
    }
    return { tables: [title, describe(figures)], aims: [], figures, faults: figures.flatMap(faultsOf) }
  },
}

/** Medians, in ms. */
type Times = Explained & {
  /** The statement alone, through a `pg` client. */
  readonly clientMs: number
  /** Processor time of the same in Postgres, which other work on the machine does not change. Null without /proc. */
  readonly cpuMs: number | null
  /** The production's reader and the Neon endpoint. Null when it took longer than a reader waits. */
  readonly readerMs: number | null
  /** The production's reader over TCP, with a connection for each read. */
  readonly tcpMs: number | null
}

type Figures = ReadCase & Times

async function measure(
  client: pg.ClientBase,
  { answer, last }: { readonly answer: () => Promise<unknown>; readonly last: () => NeonStatement },
  rounds: number,
): Promise<Omit<Times, 'tcpMs'>> {
  const readerMs = await timesOf(rounds, answer).catch(() => null)
  const { text, params } = last()
  const pid = await backendOf(client)
  const before = cpuSeconds(pid)
  const clientMs = await timesOf(rounds, () => client.query(text, [...params]))
  const after = cpuSeconds(pid)
  return {
    ...(await explain(client, { text, params })),
    clientMs: median(clientMs),
    cpuMs: before === null || after === null ? null : ((after - before) * 1000) / rounds,
    readerMs: readerMs && median(readerMs),
  }
}

/** The process of the server that answers this connection. */
async function backendOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return must(rows[0], 'the row of a function').pid
}

async function timesOf(rounds: number, work: () => Promise<unknown>): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < rounds; i++) {
    const beganMs = performance.now()
    await work()
    all.push(performance.now() - beganMs)
  }
  return all
}

type Started = {
  readonly client: pg.ClientBase
  readonly readers: Readers
  readonly overTcp: Readers
  /** The statement that the production code last sent to Postgres. */
  readonly last: () => NeonStatement
  readonly facts: Facts
  readonly title: string
}

/** A PostgreSQL that is filled, and the production's readers before it. */
async function startReaders(
  stack: AsyncDisposableStack,
  { settings: { rows }, progress }: Ask<Name>,
): Promise<Started> {
  const { around, last } = recorder()
  const { url, pool, endpoint } = await (await startStand(stack, LOADING)).database({ around })
  const client = await pool.connect()
  stack.defer(() => client.release())
  let saidMs = performance.now()
  const onProgress = (filled: number) => {
    if (performance.now() - saidMs < 2_000) return
    saidMs = performance.now()
    progress(`filled ${number(filled)} of ${number(rows)} rows`)
  }
  const filled = await fillCounters(client, { rows, to: TO, onProgress })
  progress('indexed and analyzed')
  const readersOver = (postgres: Postgres): Readers => ({
    read: createReader(postgres),
    readSeries: createSeriesReader(postgres),
    list: createLister(postgres),
  })
  const readers = readersOver(neonAt(endpoint))
  const overTcp = readersOver(postgresAt({ kind: 'tcp', url }))
  const version = await client.query<{ version: string }>('select version()')
  const title = `${must(version.rows[0], 'the version').version}\n${number(filled.rows)} rows`
  return { client, readers, overTcp, last, facts: await findFacts(client, filled), title }
}

async function findFacts(client: pg.ClientBase, { from, to }: Filled): Promise<Facts> {
  const day = [formatHourStart(addHours(to, -24)), formatHourStart(to)]
  const one = async (text: string) => {
    const { rows } = await client.query<{ key: string }>(text, day)
    return must(rows[0], 'a key of the last day').key
  }
  const inDay = 'from sumdial.counters where hour >= $1 and hour < $2'
  return {
    from,
    to,
    hotKey: await one(`select key ${inDay} group by key order by sum(count) desc limit 1`),
    middleKey: await one(`select percentile_disc(0.5) within group (order by key) as key ${inDay}`),
  }
}

function describe(figures: readonly Figures[]): string {
  const head = [
    'by',
    'rows read',
    'pages',
    'explained ms',
    'pg ms',
    'CPU ms',
    'reader + endpoint ms',
    'reader over TCP ms',
  ]
  const rows = figures.map((f) => [
    f.name,
    f.scans.join(', '),
    number(f.rows),
    number(f.pages),
    ...[f.milliseconds, f.clientMs, f.cpuMs, f.readerMs, f.tcpMs].map((ms) =>
      ms === null ? '-' : ms.toFixed(1),
    ),
  ])
  return table(['read', ...head], rows)
}

function faultsOf({ name, isNarrow, isSequential, readerMs }: Figures): string[] {
  return [
    ...(isNarrow && isSequential ? [`${name}: a sequential scan for a narrow range`] : []),
    ...(readerMs === null ? [`${name}: took longer than a reader waits, which is a 503`] : []),
  ]
}
