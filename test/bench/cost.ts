import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { bundle } from '../support/bundled.ts'
import { serve } from '../support/served.ts'
import { runCommand } from './command.ts'
import { billOf, type Counted, freePlanOf, type Line } from './cost/bill.ts'
import { billedBy } from './cost/billed.ts'
import { describeMachine } from './machine.ts'
import { wholeNumber } from './options.ts'
import { startPacedLoad } from './paced/paced-load.ts'
import { startPgliteEndpoint } from './pglite-endpoint.ts'
import { cpuSeconds } from './rounds.ts'
import { table } from './table.ts'

const HELP = `Usage: npm run cost -- [options]

What Cloudflare and Neon charge for counting: the Worker as it is deployed counts for a while at the given rate, evenly
paced, and what its shards did is counted as it is billed (calls, alarms, rows written as SQLite reports them, time under way).

Options:
  --rate N        increments a second (500)
  --batch N       increments in a request (1)
  --keys N        distinct keys (1000)
  --isolates N    isolates that the requests are spread over (8)
  --shards N      SHARDS (1)
  --linger N      LINGER_MS (25)
  --interval N    FLUSH_INTERVAL_SECONDS (5)
  --call-ms N     how long a call takes to reach its shard (5)
  --seconds N     how long it counts (30)
  --help          show this`

const DEFAULTS = {
  rate: 500,
  batch: 1,
  keys: 1_000,
  isolates: 8,
  shards: 1,
  linger: 25,
  interval: 5,
  'call-ms': 5,
  seconds: 30,
}

/** So many that the rate is kept while requests wait for one another. */
const CONNECTIONS = 256

const WARM_UP_SECONDS = 3

type Options = Readonly<Record<keyof typeof DEFAULTS, number>>

/** @throws TypeError for an option that is not known, or that is not a number. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const names = Object.keys(DEFAULTS)
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  const { values } = parseArgs({
    args: [...args],
    options: { ...options, help: { type: 'boolean', default: false } },
  })
  if (values['help'] === true) return 'help'
  const given = Object.entries(values).filter(([name]) => name !== 'help')
  const numbers = given.map(([name, text]) => [name, wholeNumber(String(text), name, { least: 0 })])
  return { ...DEFAULTS, ...Object.fromEntries(numbers) }
}

async function count(options: Options): Promise<Counted> {
  await using stack = new AsyncDisposableStack()
  const endpoint = await startPgliteEndpoint(stack)
  const served = await serve({
    script: await bundle('test/bench/contenders/counting-worker.ts'),
    isolates: options.isolates,
    vars: {
      DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
      NEON_FETCH_ENDPOINT: endpoint,
      DEV_ACCESS: 'open',
      SHARDS: String(options.shards),
      LINGER_MS: String(options.linger),
      FLUSH_INTERVAL_SECONDS: String(options.interval),
      CALL_MS: String(options['call-ms']),
    },
  })
  stack.defer(() => served.stop())
  const load = startPacedLoad({
    connections: CONNECTIONS,
    requestsPerSecond: options.rate / options.batch,
    items: options.batch,
    keys: options.keys,
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
  const before = await billedBy(served.url, options.interval)
  const cpuBefore = cpuSeconds(served.pid) ?? Number.NaN
  await pace('counting', options.seconds)
  const cpu = (cpuSeconds(served.pid) ?? Number.NaN) - cpuBefore
  const after = await billedBy(served.url, options.interval)
  const { phases, oddities } = await load.finish()
  const counting = phases.at(-1)
  if (counting === undefined || counting.acknowledged < counting.requests * options.batch) {
    throw new Error(`not all was counted: ${JSON.stringify(counting?.statuses)} ${oddities.join('; ')}`)
  }
  return {
    seconds: counting.seconds,
    increments: counting.acknowledged,
    requests: counting.requests,
    waitMs: counting.waitMs,
    cpuMs: cpu * 1_000,
    objectRequests: after.objectRequests - before.objectRequests,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    activeMs: after.activeMs - before.activeMs,
  }
}

const dollars = (amount: number, digits = 2) => `$${amount.toFixed(digits)}`

function describe(counted: Counted, lines: readonly Line[]): string {
  const { increments, objectRequests, rowsWritten, seconds, waitMs } = counted
  const perIncrement = (count: number) => (count / increments).toFixed(4)
  const rows = lines.map(({ what, amount, perMillion, month }) => [
    what,
    whole(amount),
    dollars(perMillion, 3),
    dollars(month),
  ])
  const free = freePlanOf(counted)
  return [
    describeMachine(),
    `${whole(increments / seconds)} increments/s; for each of them ${perIncrement(objectRequests)} calls and alarms, and ${perIncrement(rowsWritten)} rows written; answered after ${waitMs.median.toFixed(0)} ms (median), p99 ${waitMs.p99.toFixed(0)} ms`,
    table(['', 'a month', 'per million increments', 'a month, less what is included'], rows),
    `In this way Workers Free carries ${whole(free.increments)} increments a day: ${free.first} run out first.`,
  ].join('\n\n')
}

function whole(count: number): string {
  return Math.round(count).toLocaleString('en')
}

async function run(options: Options): Promise<number> {
  console.error(`counting for ${options.seconds} s at ${options.rate} increments/s`)
  const counted = await count(options)
  console.log(describe(counted, billOf(counted, options)))
  return 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
