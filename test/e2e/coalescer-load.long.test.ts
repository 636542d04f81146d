import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/local/migrate.ts'
import { type NeonEndpoint, startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../src/local/neon/pglite-backend.ts'
import { bundle } from '../support/bundled.ts'
import { applyLoad, incrementOf, type LoadReport, OUTCOME } from '../support/load.ts'
import { type Served, serve } from '../support/served.ts'
import { settledStatus } from '../support/status.ts'

/**
 * The coalescer where its faults show: in workerd itself, with the JIT warm, before an object that answers late,
 * and with a tenth of the clients hanging up. PLATFORM's traps pass every smaller test.
 *
 * - `SUMDIAL_LOAD_REQUESTS`: requests for each combination, instead of 30,000.
 * - `SUMDIAL_LOAD_ALL=1`: every combination of connections, delay and shards, instead of six that pair them all.
 * - `SUMDIAL_LOAD_SEED`: the clients' chance, to see a run again (as far as time allows).
 */
const REQUESTS = Number(process.env['SUMDIAL_LOAD_REQUESTS'] ?? 30_000)
const SEED = Number(process.env['SUMDIAL_LOAD_SEED'] ?? 20_261_121)

/** The Worker gives up on a flight after 10 s; nothing but a lost lead makes anyone wait for half of that. */
const WAIT_MS_MAX = 5_000

type Combination = {
  readonly connections: number
  readonly delayMs: number
  readonly shards: number
  readonly lingerMs: number
  readonly isolates: number
}

const PAIRED: readonly Combination[] = [
  { connections: 64, delayMs: 0, shards: 4, lingerMs: 0, isolates: 1 },
  { connections: 64, delayMs: 5, shards: 1, lingerMs: 20, isolates: 8 },
  { connections: 256, delayMs: 0, shards: 1, lingerMs: 0, isolates: 1 },
  { connections: 256, delayMs: 5, shards: 4, lingerMs: 20, isolates: 1 },
  { connections: 512, delayMs: 0, shards: 4, lingerMs: 2, isolates: 8 },
  { connections: 512, delayMs: 5, shards: 1, lingerMs: 0, isolates: 1 },
]

const LINGERS = [
  { lingerMs: 0, isolates: 1 },
  { lingerMs: 20, isolates: 8 },
]

const ALL: readonly Combination[] = [64, 256, 512].flatMap((connections) =>
  [0, 5].flatMap((delayMs) =>
    [1, 4].flatMap((shards) => LINGERS.map((linger) => ({ connections, delayMs, shards, ...linger }))),
  ),
)

const COMBINATIONS = process.env['SUMDIAL_LOAD_ALL'] === '1' ? ALL : PAIRED

describe('the coalescer under load, in workerd', () => {
  let database: PGlite
  let endpoint: NeonEndpoint
  let production: string
  let delayed: string

  beforeAll(async () => {
    database = await PGlite.create()
    await migrate(database)
    endpoint = await startNeonEndpoint({ backend: pgliteBackend(database) })
    production = await bundle()
    delayed = await bundle('test/support/delayed-worker.ts')
  })

  afterAll(async () => {
    await endpoint.close()
    await database.close()
  })

  for (const [index, combination] of COMBINATIONS.entries()) {
    const { connections, delayMs, shards, lingerMs, isolates } = combination
    const title = `${connections} connections, ${shards} shards, an object ${delayMs} ms late, linger ${lingerMs} ms, ${isolates} isolates`
    test(`[I1] [I4] [C1] none is refused, hung, lost or doubled: ${title}`, {
      timeout: 60_000 + REQUESTS * 4,
    }, async () => {
      const prefix = `load-${index}`
      const script = delayMs > 0 ? delayed : production
      const served = await serve({ script, isolates, vars: varsOf(combination) })
      try {
        const report = await applyLoad({
          ports: served.urls.map((url) => Number(new URL(url).port)),
          connections,
          requests: REQUESTS,
          hangUps: 0.1,
          seed: SEED + index,
          prefix,
        })
        say(title, report)
        expectAnswers(report)
        await expectCounted(served, prefix, report)
        expect(served.log(), 'the log of workerd').toBe('')
      } finally {
        await served.stop()
      }
    })
  }

  function varsOf({ shards, lingerMs, delayMs }: Combination): Record<string, string> {
    return {
      DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
      NEON_FETCH_ENDPOINT: endpoint.url,
      DEV_ACCESS: 'open',
      FLUSH_INTERVAL_SECONDS: '2',
      SHARDS: String(shards),
      LINGER_MS: String(lingerMs),
      MERGE_DELAY_MS: String(delayMs),
    }
  }

  /** Three accounts agree, key by key: what the shards took, what Postgres has, and what the clients were told. */
  async function expectCounted(served: Served, prefix: string, report: LoadReport): Promise<void> {
    const status = await settledStatus(served.url)
    expect(status.isConserved).toBe(true)
    const rows = await readRows(prefix)
    let increments = 0
    for (const row of rows.values()) increments += row.count
    expect(increments, 'increments in Postgres, and those that the shards took').toBe(status.accepted)
    expect(discrepancies(rows, prefix, report)).toEqual([])
  }

  /** Over the hours: a run may cross the turn of one. */
  async function readRows(prefix: string): Promise<Rows> {
    const { rows } = await database.query<{ key: string; count: number; sum: number }>(
      `select key, sum(count)::float8 as count, sum(sum)::float8 as sum
       from sumdial.counters where key like $1 group by key`,
      [`${prefix}/%`],
    )
    return new Map(rows.map((row) => [row.key, row]))
  }
})

function say(title: string, { outcomes, seconds, waitMs }: LoadReport): void {
  const rate = Math.round(outcomes.length / seconds)
  const counts = `${tally(outcomes, OUTCOME.acknowledged)} acknowledged, ${tally(outcomes, OUTCOME.hungUp)} hung up`
  const waits = `waits: median ${waitMs.median}, p99 ${waitMs.p99}, longest ${waitMs.longest} ms`
  console.log(`${title}: ${counts}; ${rate} requests/s; ${waits}`)
}

function tally(outcomes: Uint8Array, outcome: number): number {
  return outcomes.reduce((count, o) => count + (o === outcome ? 1 : 0), 0)
}

function expectAnswers({ outcomes, failures, waitMs }: LoadReport): void {
  expect(failures, 'answers other than the 202 expected').toEqual([])
  expect(tally(outcomes, OUTCOME.failed)).toBe(0)
  expect(tally(outcomes, OUTCOME.hung), 'requests never answered').toBe(0)
  expect(tally(outcomes, OUTCOME.hungUp), 'clients that hung up').toBeGreaterThan(0)
  expect(waitMs.longest, 'longest wait, ms').toBeLessThan(WAIT_MS_MAX)
}

type Rows = ReadonlyMap<string, { readonly count: number; readonly sum: number }>

/** Bounds of what a key may hold: what was acknowledged at least, and what was sent at most. */
type Bounds = { count: [number, number]; sum: [number, number] }

/** The first keys that hold what they must not. Who hung up counts once or not at all. */
function discrepancies(rows: Rows, prefix: string, { outcomes }: LoadReport): string[] {
  const bounds = new Map<string, Bounds>()
  for (const [n, outcome] of outcomes.entries()) {
    const { key, value } = incrementOf(prefix, n)
    const held = bounds.get(key) ?? { count: [0, 0], sum: [0, 0] }
    const least = outcome === OUTCOME.acknowledged ? 1 : 0
    held.count = [held.count[0] + least, held.count[1] + 1]
    held.sum = [held.sum[0] + least * value, held.sum[1] + value]
    bounds.set(key, held)
  }
  const wrong = [...bounds].filter(([key, { count, sum }]) => {
    const row = rows.get(key) ?? { count: 0, sum: 0 }
    return !within(row.count, count) || !within(row.sum, sum)
  })
  const unasked = [...rows.keys()].filter((key) => !bounds.has(key))
  const described = wrong.map(([key, b]) => `${key}: ${JSON.stringify({ found: rows.get(key), ...b })}`)
  return [...described, ...unasked].slice(0, 10)
}

function within(value: number, [least, most]: readonly [number, number]): boolean {
  return value >= least && value <= most
}
