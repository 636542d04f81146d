import { setTimeout as sleep } from 'node:timers/promises'
import { HELD_BYTES_MAX, HELD_CELLS_MAX } from '../../../src/limits.ts'
import { formatHour, hourOf } from '../../../src/model/hour.ts'
import { bundle } from '../../support/bundled.ts'
import { type Served, serve } from '../../support/served.ts'
import { settledStatus } from '../../support/status.ts'
import { INSPECTED, inspectHeap, rssBytes } from '../memory.ts'
import { askShard } from '../outage/sample.ts'
import { table } from '../table.ts'
import { keyOf } from './made-cells.ts'
import type { Found, Part } from './part.ts'
import { megabytes, number } from './part.ts'
import { DATABASE_URL, type Database, makeDatabase, startServer } from './stand.ts'

/** The first fills a shard to HELD_CELLS_MAX, the other to HELD_BYTES_MAX. */
const KEY_BYTES = [30, 512]

/** V8 is held to it: three quarters of the platform's bound. Were it too little at any moment, workerd would end. In MiB. */
const LIMIT_MIB = 96

const CALM_MS = 5_000
const SAMPLE_MS = 25
/** Between two requests while Postgres is away at the bound, and while the backlog is flushed. */
const PACE_MS = 100
const SETTLE_MS_MAX = 180_000
const ITEMS = 1_000

const PHASES = ['filling', 'at the bound, refusing', 'Postgres back: freeze and flush', 'settled'] as const
type Phase = (typeof PHASES)[number]

type Sample = { readonly phase: Phase; readonly heapBytes: number; readonly rssBytes: number | null }

type Figures = {
  readonly keyBytes: number
  readonly heldCells: number
  readonly acknowledged: number
  readonly refused: number
  readonly samples: readonly Sample[]
}

/** Looks at a workerd's memory over and over, until it is told to end. */
async function watch(served: Served) {
  const heap = await inspectHeap(served)
  const samples: Sample[] = []
  let phase: Phase = 'filling'
  let isOver = false
  const run = async () => {
    while (!isOver) {
      samples.push({ phase, heapBytes: await heap.usedBytes(), rssBytes: rssBytes(served.pid) })
      await sleep(SAMPLE_MS)
    }
    heap.close()
  }
  const running = run()
  return {
    enter(next: Phase) {
      phase = next
    },
    async end(): Promise<readonly Sample[]> {
      isOver = true
      await running
      return samples
    },
  }
}

/** Counts what was acknowledged and what was refused. */
class Client {
  acknowledged = 0
  refused = 0
  readonly #url: string
  readonly #atMs: number
  readonly #keyBytes: number

  constructor(url: string, atMs: number, keyBytes: number) {
    this.#url = url
    this.#atMs = atMs
    this.#keyBytes = keyBytes
  }

  /** @returns whether it was acknowledged. */
  async count(first: number): Promise<boolean> {
    const at = new Date(this.#atMs).toISOString()
    const body = JSON.stringify(
      Array.from({ length: ITEMS }, (_, i) => ({ key: keyOf(first + i).padEnd(this.#keyBytes, '-'), at })),
    )
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${this.#url}/increment`, { method: 'POST', body, headers })
    const text = await response.text()
    if (response.status !== 202 && response.status !== 503) throw new Error(`${response.status}: ${text}`)
    const isAcknowledged = response.status === 202
    if (isAcknowledged) this.acknowledged += ITEMS
    else this.refused += ITEMS
    return isAcknowledged
  }

  /** New keys until one request is refused. @returns how many were sent. */
  async fill(): Promise<number> {
    let sent = 0
    while (await this.count(sent)) sent += ITEMS
    return sent
  }

  /** Old keys, at a pace, for so long or until it is over. */
  async goOn(keys: number, isOver: () => Promise<boolean>): Promise<void> {
    for (let n = 0; !(await isOver()); n += ITEMS) {
      await this.count(n % keys)
      await sleep(PACE_MS)
    }
  }
}

function within(ms: number): () => Promise<boolean> {
  const endMs = performance.now() + ms
  return async () => performance.now() >= endMs
}

async function measureOne(
  stack: AsyncDisposableStack,
  script: string,
  database: Database,
  keyBytes: number,
): Promise<Figures> {
  const served = await serve({
    script,
    vars: { DATABASE_URL, NEON_FETCH_ENDPOINT: database.endpoint, DEV_ACCESS: 'open' },
    flags: INSPECTED,
    v8Flags: [`--max-heap-size=${LIMIT_MIB}`],
  })
  stack.defer(() => served.stop())
  const atMs = Date.now()
  const hour = formatHour(hourOf(atMs))
  const client = new Client(served.url, atMs, keyBytes)
  const watched = await watch(served)
  database.away(true)
  const keys = await client.fill()
  watched.enter('at the bound, refusing')
  const { open, frozen } = await askShard(served.url, hour)
  await client.goOn(keys, within(CALM_MS))
  watched.enter('Postgres back: freeze and flush')
  database.away(false)
  await client.goOn(keys, async () => {
    const { settled } = await askShard(served.url, hour)
    return settled >= keys
  })
  const { isConserved } = await settledStatus(served.url, SETTLE_MS_MAX)
  if (!isConserved) throw new Error("the shards' own audit fails")
  watched.enter('settled')
  await sleep(CALM_MS)
  const samples = await watched.end()
  await served.stop()
  await audit(database, client)
  const { acknowledged, refused } = client
  return { keyBytes, heldCells: open.cells + frozen.cells, acknowledged, refused, samples }
}

/** Of a request that was refused, what one flight of it had may be counted. */
async function audit({ pool }: Database, { acknowledged, refused }: Client): Promise<void> {
  const { rows } = await pool.query<{ count: string }>('select sum(count) as count from sumdial.counters')
  const found = Number(rows[0]?.count)
  if (found < acknowledged || found > acknowledged + refused)
    throw new Error(`${acknowledged} acknowledged, ${found} in Postgres`)
}

function describe(figures: readonly Figures[]): string {
  const rows = figures.flatMap(({ keyBytes, heldCells, samples }) =>
    PHASES.map((phase) => {
      const own = samples.filter((sample) => sample.phase === phase)
      const heap = own.map(({ heapBytes }) => heapBytes)
      const resident = Math.max(...own.map((sample) => sample.rssBytes ?? Number.NaN))
      return [
        `keys of ${keyBytes} bytes, ${number(heldCells)} cells`,
        phase,
        megabytes(Math.min(...heap)),
        megabytes(Math.max(...heap)),
        megabytes(resident),
        number(own.length),
      ]
    }),
  )
  return table(['held', 'phase', 'V8 heap, least', 'most', 'resident, most', 'samples'], rows)
}

/** What a shard at its bounds takes of an isolate's memory, and its flush. */
export const MEMORY: Part = {
  name: 'memory',
  steps: () => KEY_BYTES.length,
  async measure(stack, _isQuick, progress): Promise<Found> {
    const [script, postgres] = [await bundle(), await startServer(stack)]
    const figures: Figures[] = []
    for (const keyBytes of KEY_BYTES) {
      const database = await makeDatabase(stack, postgres)
      figures.push(await measureOne(stack, script, database, keyBytes))
      progress(`memory: keys of ${keyBytes} bytes`)
    }
    const aims = figures.map(({ keyBytes, samples }) => {
      const most = Math.max(...samples.map(({ heapBytes }) => heapBytes))
      return {
        what: `heap at a shard's bounds, of ${number(HELD_CELLS_MAX)} cells and ${megabytes(HELD_BYTES_MAX)}; keys of ${keyBytes} bytes`,
        value: megabytes(most),
        wanted: `< ${megabytes(LIMIT_MIB * 2 ** 20)}`,
        isReached: most < LIMIT_MIB * 2 ** 20,
      }
    })
    return { tables: [describe(figures)], aims, figures }
  },
}
