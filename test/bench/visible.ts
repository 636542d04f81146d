import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import { bundle } from '../support/bundled.ts'
import { startPostgres } from '../support/postgres.ts'
import { serve } from '../support/served.ts'
import { applyLoad } from './load.ts'
import { describeMachine } from './machine.ts'

const HELP = `Usage: node test/bench/visible.ts [--probes N] [--connections N] [--shards N]

How long after its 202 an increment's row is in a real PostgreSQL, at the default settings: a lone increment in a
quiet hour, and a probe among the load of N connections. The Worker is served by workerd itself.

  --probes N        probes of each kind (20)
  --connections N   of the load (256)
  --shards N        shards of each hour (1)`

/** Between two looks at the table. It is what a figure may be too long by. */
const LOOK_MS = 10

/** A probe that is not seen by then is lost. */
const LOST_MS = 60_000

type Stand = { readonly url: string; readonly pool: pg.Pool }

/** Counts under a key of its own and waits for the row. @returns milliseconds from the 202 to the row. */
async function probe({ url, pool }: Stand): Promise<number> {
  const key = `probe/${crypto.randomUUID()}`
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/increment`, { method: 'POST', headers, body: JSON.stringify({ key }) })
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`)
  const acknowledgedMs = performance.now()
  for (;;) {
    const { rowCount } = await pool.query('select from sumdial.counters where key = $1', [key])
    const waitedMs = performance.now() - acknowledgedMs
    if (rowCount === 1) return waitedMs
    if (waitedMs > LOST_MS) throw new Error(`${key} was acknowledged and is not in Postgres after a minute`)
    await sleep(LOOK_MS)
  }
}

/** One after the other, each at another point of the flush interval. */
async function loneProbes(stand: Stand, count: number): Promise<number[]> {
  const waits: number[] = []
  for (let i = 0; i < count; i++) {
    await sleep((i * 5_000) / count)
    waits.push(await probe(stand))
    console.error(`lone increment ${i + 1}/${count}: ${waits.at(-1)?.toFixed(0)} ms`)
  }
  return waits
}

/** At even distances while the load goes on. */
async function loadedProbes(stand: Stand, count: number, connections: number) {
  const gapMs = 700
  const load = applyLoad({
    urls: [stand.url],
    connections,
    seconds: (count * gapMs) / 1000 + 8,
    items: 1,
    keys: 1_000,
    ids: false,
  })
  await sleep(2_000)
  const probes: Promise<number>[] = []
  for (let i = 0; i < count; i++) {
    probes.push(probe(stand))
    await sleep(gapMs)
  }
  const waits = await Promise.all(probes)
  const { accepted, refused, errors, seconds } = await load
  console.error(`load: ${Math.round(accepted / seconds)} requests/s, ${refused + errors} not counted`)
  return waits
}

function describe(name: string, waits: readonly number[]): string {
  const sorted = waits.toSorted((a, b) => a - b)
  const at = (part: number) => `${((sorted[Math.ceil(part * sorted.length) - 1] ?? 0) / 1000).toFixed(2)} s`
  return `${name.padEnd(32)} median ${at(0.5)}, longest ${at(1)} of ${sorted.length}`
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      probes: { type: 'string', default: '20' },
      connections: { type: 'string', default: '256' },
      shards: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  await using stack = new AsyncDisposableStack()
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  await migrate(postgres.url)
  const pool = new pg.Pool({ connectionString: postgres.url })
  stack.defer(() => pool.end())
  const endpoint = await startNeonEndpoint({ backend: pgBackend(pool) })
  stack.defer(() => endpoint.close())
  const served = await serve({
    script: await bundle(),
    vars: {
      DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
      NEON_FETCH_ENDPOINT: endpoint.url,
      DEV_ACCESS: 'open',
      SHARDS: values.shards,
    },
  })
  stack.defer(() => served.stop())
  const stand = { url: served.url, pool }
  const lone = await loneProbes(stand, Number(values.probes))
  const loaded = await loadedProbes(stand, Number(values.probes), Number(values.connections))
  console.log(describeMachine())
  console.log(describe('a lone increment', lone))
  console.log(describe(`under ${values.connections} connections`, loaded))
}

await main()
