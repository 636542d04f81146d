import { BATCH_CELLS_MAX } from '../../../src/limits.ts'
import { formatHour, hourOf } from '../../../src/model/hour.ts'
import { bundle } from '../../support/bundled.ts'
import { nodeClock } from '../../support/node-clock.ts'
import type { Served } from '../../support/served.ts'
import { median } from '../figures.ts'
import { cpuSeconds } from '../process.ts'
import type { Outcome, Progress } from '../scenario.ts'
import { askShard, startWorker } from '../stand.ts'
import { number, table } from '../table.ts'
import {
  Batches,
  connectPlain,
  keyOf,
  makeCells,
  type PlainClient,
  StatementTimer,
  startServer,
} from './batches.ts'

const SIZES = [10_000, 50_000]

/** Increments in one request. */
const ITEMS = 5_000

const SETTLE_MS_MAX = 60_000

type Turn = {
  readonly cells: number
  readonly kind: 'new rows' | 'updates'
  /** From when Postgres may answer until the shard holds nothing. */
  readonly ms: number
  /** Of these, the ones in `pg` and Postgres. */
  readonly postgresMs: number
  readonly statements: number
  /** Processor time of workerd. */
  readonly cpuMs: number | null
  /** For the same rows through a plain client. */
  readonly plainMs: number
}

type Sides = {
  readonly served: Served
  readonly timer: StatementTimer
  readonly plain: PlainClient
  readonly batches: Batches
}

/** Measures whole flushes of a shard in workerd, with the freeze and the settling, beside a plain client. */
export async function measureAlarm(rounds: number, progress: Progress): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  const sides = await startSides(stack)
  const atMs = Date.now()
  const turns: Turn[] = []
  let first = 0
  for (const cells of SIZES) {
    // The first round of each size warms up and does not count.
    for (let round = 0; round <= rounds; round++) {
      for (const kind of ['new rows', 'updates'] as const) {
        const turn = await takeTurn(sides, first, cells, atMs)
        if (round > 0) turns.push({ kind, ...turn })
      }
      first += cells
      progress(`alarm of ${number(cells)} cells: round ${round}/${rounds}`)
    }
  }
  const aims = groupsOf(turns).map(({ name, ratio }) => ({
    what: `alarm to settled, ${name}, to pg, plain upsert`,
    value: ratio.toFixed(2),
    wanted: '>= 0.85',
    isReached: ratio >= 0.85,
  }))
  return { tables: [describe(turns)], aims, figures: turns, faults: [] }
}

async function startSides(stack: AsyncDisposableStack): Promise<Sides> {
  const server = await startServer(stack)
  const timer = new StatementTimer()
  const { endpoint } = await server.database({ around: timer.around })
  const plain = await connectPlain(stack, (await server.database()).url)
  // The interval is so long that the shard flushes only because of its size.
  const vars = { FLUSH_INTERVAL_SECONDS: '3600' }
  const served = await startWorker(stack, endpoint, { script: await bundle(), vars })
  return { served, timer, plain, batches: new Batches() }
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
 * One flush. A shard with so many cells flushes at once, so its first statement is held until the shard has all of
 * them, and none of the time is ingest's. The alarm that follows freezes and sends cells that came during the wait.
 */
async function takeTurn(
  { served, timer, plain, batches }: Sides,
  first: number,
  cells: number,
  atMs: number,
): Promise<Omit<Turn, 'kind'>> {
  const hour = hourOf(atMs)
  const before = await askShard(served.url, formatHour(hour))
  const release = timer.hold()
  await count(served, first, cells, new Date(atMs).toISOString())
  timer.reset()
  const [beganMs, cpuBefore] = [performance.now(), cpuSeconds(served.pid)]
  release()
  // The shard is asked only when Postgres has everything, because answering costs the shard time.
  await until(() => timer.statements * BATCH_CELLS_MAX >= cells)
  const settled = before.accepted + cells
  await until(async () => (await askShard(served.url, formatHour(hour))).settled === settled)
  const [ms, cpu] = [performance.now() - beganMs, cpuSeconds(served.pid)]
  const { ms: postgresMs, statements } = timer

  const rows = batches.next(makeCells(first + cells).slice(first), hour)
  const plainBeganMs = performance.now()
  for (const batch of rows) await plain.upsert(batch)
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

function groupsOf(turns: readonly Turn[]) {
  const groups = Map.groupBy(turns, ({ cells, kind }) => `${number(cells)} cells, ${kind}`)
  return Array.from(groups, ([name, group]) => {
    const middle = (of: (turn: Turn) => number) => median(group.map(of))
    return { name, middle, ratio: middle(({ plainMs, ms }) => plainMs / ms) }
  })
}

function describe(turns: readonly Turn[]): string {
  const head = [
    'ms',
    'rows/s',
    'to pg, plain upsert',
    'in pg and Postgres, ms',
    'statements',
    'workerd CPU ms',
  ]
  const rows = groupsOf(turns).map(({ name, middle, ratio }) => [
    name,
    middle(({ ms }) => ms).toFixed(0),
    number(middle(({ cells, ms }) => (cells / ms) * 1000)),
    ratio.toFixed(2),
    middle(({ postgresMs }) => postgresMs).toFixed(0),
    middle(({ statements }) => statements).toFixed(0),
    middle(({ cpuMs }) => cpuMs ?? Number.NaN).toFixed(0),
  ])
  return table(['alarm', ...head], rows)
}
