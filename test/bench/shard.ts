import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { bundle } from '../support/bundled.ts'
import { serve } from '../support/served.ts'
import { settledStatus } from '../support/status.ts'
import { runCommand } from './command.ts'
import { describeMachine } from './machine.ts'
import { wholeNumber } from './options.ts'
import { startPgliteEndpoint } from './pglite-endpoint.ts'
import type { FlightsAsked, FlightsTaken } from './shard/flights.ts'
import { table } from './table.ts'

const HELP = `Usage: npm run bench:shard -- [options]

What one shard takes: flights of 1, 16 and 1,000 cells from 1, 8 and 64 senders, each with one flight in the air, without
LINGER_MS and with it. Callers and shard share workerd's one thread, so the calls' own cost counts too.

Options:
  --seconds N     length of each turn (5)
  --help          show this`

type Options = { readonly seconds: number }

/** @throws TypeError for an option that is not known, or that is not a number. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '5' }, help: { type: 'boolean', default: false } },
  })
  if (values.help) return 'help'
  return { seconds: wholeNumber(values.seconds, 'seconds') }
}

const LINGERS = [0, 20]
const SENDERS = [1, 8, 64]
const CELLS = [1, 16, 1_000]

type Turn = FlightsTaken & FlightsAsked & { readonly lingerMs: number }

async function measure({ seconds }: Options): Promise<Turn[]> {
  await using stack = new AsyncDisposableStack()
  const endpoint = await startPgliteEndpoint(stack)
  const bar = new SingleBar({ format: '{bar} {percentage} % | {text}', hideCursor: true })
  bar.start(LINGERS.length * SENDERS.length * CELLS.length, 0, { text: '' })
  stack.defer(() => bar.stop())
  const turns: Turn[] = []
  for (const lingerMs of LINGERS) {
    const served = await serve({
      script: await bundle('test/bench/contenders/flights-worker.ts'),
      vars: {
        DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
        NEON_FETCH_ENDPOINT: endpoint,
        DEV_ACCESS: 'open',
        LINGER_MS: String(lingerMs),
      },
    })
    stack.defer(() => served.stop())
    for (const senders of SENDERS) {
      for (const cells of CELLS) {
        const asked = { senders, cells, seconds }
        await fly(served.url, { ...asked, seconds: 1 })
        turns.push({ ...asked, lingerMs, ...(await fly(served.url, asked)) })
        bar.increment(1, { text: `${cells} cells, ${senders} senders, LINGER_MS ${lingerMs}` })
      }
    }
  }
  return turns
}

async function fly(url: string, asked: FlightsAsked): Promise<FlightsTaken> {
  const response = await fetch(`${url}/flights`, { method: 'POST', body: JSON.stringify(asked) })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  const taken = (await response.json()) as FlightsTaken
  await settledStatus(url)
  return taken
}

async function run(options: Options): Promise<number> {
  const turns = await measure(options)
  const rows = turns.map(({ lingerMs, senders, cells, seconds, flights, medianMs }) => [
    String(lingerMs),
    String(senders),
    cells.toLocaleString('en'),
    Math.round(flights / seconds).toLocaleString('en'),
    Math.round((flights * cells) / seconds).toLocaleString('en'),
    medianMs.toFixed(1),
  ])
  console.log(describeMachine())
  console.log(
    table(['LINGER_MS', 'senders', 'cells a flight', 'flights/s', 'cells/s', 'median ms a flight'], rows),
  )
  return 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
