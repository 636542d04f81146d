import { setTimeout as sleep } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { migrate } from '../../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../../src/local/neon/pglite-backend.ts'
import { bundle } from '../../support/bundled.ts'
import { CONTENDERS } from '../counting/contenders.ts'
import { startPacedLoad } from '../paced/paced-load.ts'
import { cpuSeconds } from '../process.ts'
import type { Ask, Outcome, Scenario } from '../scenario.ts'
import { startWorker } from '../stand.ts'
import { number, table } from '../table.ts'
import { billOf, type CountedWork, freePlanOf } from './bill.ts'
import { billedBy } from './billed.ts'

/** So many that the rate is kept while requests wait for one another. */
const CONNECTIONS = 256

const WARM_UP_SECONDS = 3

type Name = 'rate' | 'batch' | 'keys' | 'isolates' | 'shards' | 'linger' | 'interval' | 'call-ms' | 'seconds'

export const COST: Scenario<Name> = {
  name: 'cost',
  shows:
    'What Cloudflare and Neon charge: the Worker counts for a while at a steady rate; calls, alarms, rows written (as ' +
    'SQLite reports them) and time under way are counted as they are billed, and priced from src/local/deploy/prices.ts.',
  parts: ['cost'],
  settings: {
    rate: { usual: 500, is: 'increments a second' },
    batch: { usual: 1, is: 'increments in a request' },
    keys: { usual: 1_000, is: 'distinct keys' },
    isolates: { usual: 8, is: 'isolates that the requests are spread over' },
    shards: { usual: 1, is: 'SHARDS' },
    linger: { usual: 25, is: 'LINGER_MS', least: 0 },
    interval: { usual: 5, is: 'FLUSH_INTERVAL_SECONDS' },
    'call-ms': { usual: 5, is: 'ms that a call takes to reach its shard', least: 0 },
    seconds: { usual: 30, quick: 10, is: 'how long it counts' },
  },
  async measure(ask): Promise<Outcome> {
    const { settings, progress } = ask
    progress(`counting for ${settings.seconds} s at ${settings.rate} increments/s`)
    const counted = await count(ask)
    const faults =
      counted.increments < counted.requests * settings.batch
        ? [`not all was counted: ${counted.oddities}`]
        : []
    return { tables: describe(counted, settings.interval), aims: [], figures: counted, faults }
  },
}

type Ended = CountedWork & { readonly oddities: string }

async function count({ settings }: Ask<Name>): Promise<Ended> {
  await using stack = new AsyncDisposableStack()
  const served = await startWorker(stack, await startPgliteEndpoint(stack), {
    script: await bundle(`${CONTENDERS}/counting-worker.ts`),
    isolates: settings.isolates,
    vars: {
      SHARDS: String(settings.shards),
      LINGER_MS: String(settings.linger),
      FLUSH_INTERVAL_SECONDS: String(settings.interval),
      CALL_MS: String(settings['call-ms']),
    },
  })
  const load = startPacedLoad({
    connections: CONNECTIONS,
    requestsPerSecond: settings.rate / settings.batch,
    items: settings.batch,
    keys: settings.keys,
    keyBytes: 0,
    atMs: null,
  })
  stack.defer(() => load.kill())
  const pace = async (phase: string, seconds: number) => {
    await load.enter(phase, served.urls)
    await sleep(seconds * 1_000)
    await load.pause()
  }
  await pace('warm-up', WARM_UP_SECONDS)
  const before = await billedBy(served.url, settings.interval)
  const cpuBefore = cpuSeconds(served.pid) ?? Number.NaN
  await pace('counting', settings.seconds)
  const cpu = (cpuSeconds(served.pid) ?? Number.NaN) - cpuBefore
  const after = await billedBy(served.url, settings.interval)
  const { phases, oddities } = await load.finish()
  const [, counting] = phases
  if (counting === undefined) throw new Error('the load has two phases')
  return {
    seconds: counting.seconds,
    increments: counting.acknowledged,
    requests: counting.requests,
    waitMs: counting.waitMs,
    cpuMs: cpu * 1_000,
    objectRequests: after.objectRequests - before.objectRequests,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    activeMs: after.activeMs - before.activeMs,
    oddities: [JSON.stringify(counting.statuses), ...oddities].join('; '),
  }
}

/** An embedded Postgres in this process, because nothing that Postgres does is measured here. */
async function startPgliteEndpoint(stack: AsyncDisposableStack): Promise<string> {
  const database = await PGlite.create()
  stack.defer(() => database.close())
  await migrate(database)
  const { url, close } = await startNeonEndpoint({ backend: pgliteBackend(database) })
  stack.defer(close)
  return url
}

const dollars = (amount: number, digits = 2) => `$${amount.toFixed(digits)}`

function describe(counted: CountedWork, interval: number): string[] {
  const { increments, objectRequests, rowsWritten, seconds, waitMs } = counted
  const perIncrement = (count: number) => (count / increments).toFixed(4)
  const rows = billOf(counted, { interval }).map(({ what, amount, perMillion, month }) => [
    what,
    number(amount),
    dollars(perMillion, 3),
    dollars(month),
  ])
  const free = freePlanOf(counted)
  return [
    `${number(increments / seconds)} increments/s; for each of them ${perIncrement(objectRequests)} calls and alarms, and ${perIncrement(rowsWritten)} rows written; answered after ${waitMs.median.toFixed(0)} ms (median), p99 ${waitMs.p99.toFixed(0)} ms`,
    table(['', 'a month', 'per million increments', 'a month, less what is included'], rows),
    `In this way Workers Free carries ${number(free.increments)} increments a day: ${free.first} run out first.`,
  ]
}
