import { BATCH_CELLS_MAX } from '../../../src/limits.ts'
import { formatHour, hourOf } from '../../../src/model/hour.ts'
import { bundle } from '../../support/bundled.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { type Served, serve } from '../../support/served.ts'
import { median } from '../figures.ts'
import { askShard } from '../outage/sample.ts'
import { cpuSeconds } from '../rounds.ts'
import { table } from '../table.ts'
import { Batches, keyOf, makeCells } from './made-cells.ts'
import type { Found, Part } from './part.ts'
import { number } from './part.ts'
import { connectPlain, type PlainClient } from './plain-client.ts'
import { DATABASE_URL, type Database, makeDatabase, startServer } from './stand.ts'

const SIZES = [10_000, 50_000]
const ROUNDS = 4
const QUICK_ROUNDS = 1

/** Increments in one request. */
const ITEMS = 5_000

const SETTLE_MS_MAX = 60_000

type Turn = {
  readonly cells: number
  readonly kind: 'new rows' | 'updates'
  /** From when Postgres may answer until the shard holds nothing. */
  readonly ms: number
  /** Of it, those in `pg` and Postgres. */
  readonly postgresMs: number
  readonly statements: number
  /** Processor time of workerd. */
  readonly cpuMs: number | null
  /** The same rows through a plain client. */
  readonly plainMs: number
}

type Stand = {
  readonly served: Served
  readonly database: Database
  readonly plain: PlainClient
  readonly batches: Batches
}

async function startStand(stack: AsyncDisposableStack): Promise<Stand> {
  const postgres = await startServer(stack)
  const database = await makeDatabase(stack, postgres)
  const plain = await connectPlain(stack, (await makeDatabase(stack, postgres)).url)
  // So long that the size alone makes it flush.
  const interval = { FLUSH_INTERVAL_SECONDS: '3600' }
  const vars = { DATABASE_URL, NEON_FETCH_ENDPOINT: database.endpoint, DEV_ACCESS: 'open', ...interval }
  const served = await serve({ script: await bundle(), vars })
  stack.defer(() => served.stop())
  return { served, database, plain, batches: new Batches() }
}

async function count({ url }: Served, first: number, cells: number, at: string): Promise<void> {
  for (let n = first; n < first + cells; n += ITEMS) {
    const items = Math.min(ITEMS, first + cells - n)
    const body = JSON.stringify(
      Array.from({ length: items }, (_, i) => ({ key: keyOf(n + i), value: 3, at })),
    )
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/increment`, { method: 'POST', body, headers })
    if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`)
  }
}

/**
 * One flush. A shard with so many cells flushes at once: its first statement is held until it has all of them, so that
 * none of the time is ingest's. What came during the wait is frozen and sent by the alarm that follows.
 */
async function takeTurn(
  stand: Stand,
  first: number,
  cells: number,
  atMs: number,
): Promise<Omit<Turn, 'kind'>> {
  const { served, database } = stand
  const hour = hourOf(atMs)
  const before = await askShard(served.url, formatHour(hour))
  const release = database.hold()
  await count(served, first, cells, new Date(atMs).toISOString())
  database.seen.length = 0
  const [beganMs, cpuBefore] = [performance.now(), cpuSeconds(served.pid)]
  release()
  // Asked only when Postgres has it all: to be asked costs the shard time.
  await until(() => database.seen.length * BATCH_CELLS_MAX >= cells)
  await untilSettled(served, formatHour(hour), before.accepted + cells)
  const [ms, cpu] = [performance.now() - beganMs, cpuSeconds(served.pid)]
  const postgresMs = database.seen.reduce((sum, seen) => sum + seen.ms, 0)
  const statements = database.seen.length

  const rows = makeCells(first + cells).slice(first)
  const batches = stand.batches.next(rows, hour)
  const plainBeganMs = performance.now()
  for (const batch of batches) await stand.plain.upsert(batch)
  const plainMs = performance.now() - plainBeganMs
  const cpuMs = cpu === null || cpuBefore === null ? null : (cpu - cpuBefore) * 1000
  return { cells, ms, postgresMs, statements, cpuMs, plainMs }
}

async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_MS_MAX
  while (!(await is())) {
    if (performance.now() > deadlineMs) throw new Error('a flush has not come to its end')
    await nodeClock.sleep(2)
  }
}

function untilSettled({ url }: Served, hour: string, increments: number): Promise<void> {
  return until(async () => (await askShard(url, hour)).settled === increments)
}

const HEAD = [
  'alarm',
  'ms',
  'rows/s',
  'to pg, plain upsert',
  'in pg and Postgres, ms',
  'statements',
  'workerd CPU ms',
]

function groupsOf(turns: readonly Turn[]) {
  const groups = Map.groupBy(turns, ({ cells, kind }) => `${number(cells)} cells, ${kind}`)
  return Array.from(groups, ([name, group]) => {
    const middle = (of: (turn: Turn) => number) => median(group.map(of))
    return { name, middle, ratio: middle(({ plainMs, ms }) => plainMs / ms) }
  })
}

function describe(turns: readonly Turn[]): string {
  const rows = groupsOf(turns).map(({ name, middle, ratio }) => [
    name,
    middle(({ ms }) => ms).toFixed(0),
    number(middle(({ cells, ms }) => (cells / ms) * 1000)),
    ratio.toFixed(2),
    middle(({ postgresMs }) => postgresMs).toFixed(0),
    middle(({ statements }) => statements).toFixed(0),
    middle(({ cpuMs }) => cpuMs ?? Number.NaN).toFixed(0),
  ])
  return table(HEAD, rows)
}

/** A whole flush of a shard in workerd, freeze and settling included. */
export const ALARM: Part = {
  name: 'alarm',
  steps: (isQuick) => SIZES.length * ((isQuick ? QUICK_ROUNDS : ROUNDS) + 1),
  async measure(stack, isQuick, progress): Promise<Found> {
    const stand = await startStand(stack)
    const atMs = Date.now()
    const turns: Turn[] = []
    let first = 0
    for (const cells of SIZES) {
      for (let round = 0; round <= (isQuick ? QUICK_ROUNDS : ROUNDS); round++) {
        for (const kind of ['new rows', 'updates'] as const) {
          const turn = await takeTurn(stand, first, cells, atMs)
          if (round > 0) turns.push({ kind, ...turn })
        }
        first += cells
        progress(`alarm of ${number(cells)} cells: round ${round}`)
      }
    }
    const aims = groupsOf(turns).map(({ name, ratio }) => ({
      what: `alarm to settled, ${name}, to pg, plain upsert`,
      value: ratio.toFixed(2),
      wanted: '>= 0.85',
      isReached: ratio >= 0.85,
    }))
    return { tables: [describe(turns)], aims, figures: turns }
  },
}
