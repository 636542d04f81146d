import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { KEY_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../src/limits.ts'
import { runCommand } from './command.ts'
import { describeLoad, describeMachine } from './machine.ts'
import { wholeNumber } from './options.ts'
import { unexpectedIn } from './outage/log.ts'
import { type Outcome, type Plan, runOutage } from './outage/run.ts'
import { describeOutcome } from './outage/tables.ts'
import { WAYS, type Way } from './stand.ts'

const HELP = `Usage: npm run bench:outage -- [options]

An outage of a real PostgreSQL under a steady load of POST /increment: what ingest takes before, during and after it,
what the shard holds at its peak, how long a restart with kill -9 replays there, how it drains; and whether Postgres
has exactly what was acknowledged at the end. The Worker is served by workerd itself; at default settings, one shard.

Options:
  --minutes N        of the outage (3)
  --until-full       each increment has a key of its own, and the outage lasts until ingest first answers 503 and a
                     quarter of a minute more; N minutes (30) at most
  --rate N           requests a second (300)
  --connections N    (64)
  --items N          increments in a request (1)
  --keys N           distinct keys (20000)
  --key-bytes N      length of a key, at least (30)
  --fault NAME       how Postgres is away: ${WAYS.join(', ')}; in turn unless told
  --calm-seconds N   of the phases before and after (20)
  --json FILE        writes all samples and latencies there
  --help             show this

It exits with 1 when anything acknowledged is missing or doubled, an answer is neither 202 nor a refusal for want of
room, or workerd writes what the outage does not explain.`

type Options = { readonly plan: Plan; readonly json: string | undefined }

/** @throws TypeError for an option that is not known, or that is not what is meant there. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      'until-full': { type: 'boolean', default: false },
      rate: { type: 'string', default: '300' },
      connections: { type: 'string', default: '64' },
      items: { type: 'string', default: '1' },
      keys: { type: 'string', default: '20000' },
      'key-bytes': { type: 'string', default: '30' },
      fault: { type: 'string' },
      'calm-seconds': { type: 'string', default: '20' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const isUntilFull = values['until-full']
  const pace = {
    connections: wholeNumber(values.connections, 'connections', { most: 1_000 }),
    requestsPerSecond: wholeNumber(values.rate, 'rate', { most: 100_000 }),
    items: wholeNumber(values.items, 'items', { most: REQUEST_ITEMS_MAX }),
    keys: isUntilFull ? null : wholeNumber(values.keys, 'keys', { most: 1_000_000 }),
    keyBytes: wholeNumber(values['key-bytes'], 'key-bytes', { most: KEY_BYTES_MAX }),
  }
  const minutes = Number(values.minutes ?? (isUntilFull ? 30 : 3))
  if (!(minutes > 0)) throw new TypeError('--minutes must be a positive number')
  return {
    plan: {
      pace,
      calmSeconds: wholeNumber(values['calm-seconds'], 'calm-seconds', { most: 3_600 }),
      outageSeconds: minutes * 60,
      isUntilFull,
      ways: values.fault === undefined ? WAYS : [wayOf(values.fault)],
    },
    json: values.json,
  }
}

function wayOf(name: string): Way {
  const way = WAYS.find((known) => known === name)
  if (way === undefined) throw new TypeError(`--fault must be one of ${WAYS.join(', ')}`)
  return way
}

/** What was not as it should be. */
function faultsOf({ audit, load, samples, log }: Outcome): string[] {
  const faults = [...audit.faults, ...load.oddities]
  if (samples.some(({ status }) => !status.isConserved)) faults.push("the shard's own audit fails")
  faults.push(...unexpectedIn(log).map((text) => `workerd wrote: ${text.slice(0, 500)}`))
  return faults
}

async function run(options: Options): Promise<number> {
  const machine = `${describeMachine()}\nbefore: ${describeLoad()}`
  await using stack = new AsyncDisposableStack()
  const outcome = await runOutage(options.plan, stack, (text) => console.error(text))
  const faults = faultsOf(outcome)
  console.log(`${machine}, after: ${describeLoad()}\n\n${describeOutcome(outcome)}`)
  for (const fault of faults) console.error(fault)
  if (options.json !== undefined) {
    const { load, ...rest } = outcome
    const json = { machine, plan: options.plan, phases: load.phases, ...rest, faults }
    writeFileSync(options.json, JSON.stringify(json, null, 2))
  }
  return faults.length > 0 ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
