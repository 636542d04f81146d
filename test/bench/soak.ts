import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runCommand } from './command.ts'
import { describeLoad, describeMachine } from './machine.ts'
import { wholeNumber } from './options.ts'
import { type Plan, runSoak, type Soak } from './soak/run.ts'
import { describeSoak } from './soak/tables.ts'

const HELP = `Usage: npm run bench:soak -- [options]

A steady load of POST /increment over many keys for minutes, a real PostgreSQL behind it: latency, and the memory of
workerd and of V8 in it, minute by minute, and how they grow. The Worker is served by workerd itself, at default settings.

Options:
  --minutes N      after the first, which warms up and does not count (10)
  --rate N         requests a second (300)
  --connections N  (64)
  --keys N         distinct keys, used in turn (20000)
  --json FILE      writes all samples and latencies there
  --help           show this

It exits with 1 when a request is answered other than 202, or Postgres has not exactly what was acknowledged.`

type Options = { readonly plan: Plan; readonly json: string | undefined }

/** @throws TypeError for an option that is not known, or that is not a number where one is meant. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '300' },
      connections: { type: 'string', default: '64' },
      keys: { type: 'string', default: '20000' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const pace = {
    connections: wholeNumber(values.connections, 'connections', { most: 1_000 }),
    requestsPerSecond: wholeNumber(values.rate, 'rate', { most: 100_000 }),
    items: 1,
    keys: wholeNumber(values.keys, 'keys', { most: 1_000_000 }),
    keyBytes: 30,
    atMs: null,
  }
  return { plan: { pace, minutes: wholeNumber(values.minutes, 'minutes') }, json: values.json }
}

/** What was not as it should be. */
function faultsOf({ load, audit, isConserved, log }: Soak): string[] {
  const faults = [...audit.faults, ...load.oddities]
  const others = load.phases.flatMap(({ statuses }) =>
    Object.keys(statuses).filter((status) => status !== '202'),
  )
  if (others.length > 0) faults.push(`answers other than 202: ${[...new Set(others)].join(', ')}`)
  if (!isConserved) faults.push("the shards' own audit fails")
  if (log !== '') faults.push(`workerd wrote: ${log.slice(0, 500)}`)
  return faults
}

async function run({ plan, json }: Options): Promise<number> {
  const machine = `${describeMachine()}\nbefore: ${describeLoad()}`
  await using stack = new AsyncDisposableStack()
  const soak = await runSoak(plan, stack, (text) => console.error(text))
  const faults = faultsOf(soak)
  console.log(`${machine}, after: ${describeLoad()}\n\n${describeSoak(soak)}`)
  for (const fault of faults) console.error(fault)
  if (json !== undefined) {
    const { load, ...rest } = soak
    writeFileSync(json, JSON.stringify({ machine, plan, phases: load.phases, ...rest, faults }, null, 2))
  }
  return faults.length > 0 ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
