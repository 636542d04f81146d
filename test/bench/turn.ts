import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { hourEndMs, hourOf } from '../../src/model/hour.ts'
import { settledStatus } from '../support/status.ts'
import { runCommand } from './command.ts'
import { describeLoad, describeMachine } from './machine.ts'
import { wholeNumber } from './options.ts'
import { startPacedLoad } from './paced/paced-load.ts'
import type { PhaseReport } from './paced/phase.ts'
import { startStand } from './stand.ts'
import { table } from './table.ts'
import { acrossTurn, TURN_RATIO_MAX, type Turn } from './turn/across.ts'

const HELP = `Usage: npm run bench:turn -- [options]

What the turn of an hour costs: a steady load of POST /increment from before a full hour until after it, for which it
waits. From the turn on all increments are for a shard whose name was never used; the Worker wakes it beforehand.

Options:
  --seconds N      before the turn, and after it (30)
  --rate N         requests a second (300)
  --connections N  (64)
  --isolates N     isolates that they are spread over (8)
  --json FILE      writes the waits of each second there
  --help           show this

It exits with 1 when a request is answered other than 202, and when the p99 of a second at the turn is more
than ${TURN_RATIO_MAX} times that of the rest.`

type Options = {
  readonly seconds: number
  readonly rate: number
  readonly connections: number
  readonly isolates: number
  readonly json: string | undefined
}

/** @throws TypeError for an option that is not known, or that is not a number where one is meant. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '30' },
      rate: { type: 'string', default: '300' },
      connections: { type: 'string', default: '64' },
      isolates: { type: 'string', default: '8' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    seconds: wholeNumber(values.seconds, 'seconds', { least: 10, most: 600 }),
    rate: wholeNumber(values.rate, 'rate'),
    connections: wholeNumber(values.connections, 'connections', { most: 1_000 }),
    isolates: wholeNumber(values.isolates, 'isolates', { most: 30 }),
    json: values.json,
  }
}

const WARM_UP_SECONDS = 5
const START_SECONDS = 10

/** The next full hour that leaves room for what comes before it. Epoch ms. */
function nextTurnMs(nowMs: number, aheadSeconds: number): number {
  return hourEndMs(hourOf(nowMs + aheadSeconds * 1000))
}

type Outcome = { readonly report: PhaseReport; readonly faults: readonly string[] }

async function measure({ seconds, rate, connections, isolates }: Options): Promise<Outcome> {
  const turnMs = nextTurnMs(Date.now(), START_SECONDS + WARM_UP_SECONDS + seconds)
  const until = (ms: number) => sleep(Math.max(0, ms - Date.now()))
  const fromMs = turnMs - seconds * 1000
  const waitS = Math.round((fromMs - Date.now()) / 1000)
  console.error(`waits ${waitS} s, until ${new Date(fromMs).toISOString()}; then ${2 * seconds} s`)
  await until(fromMs - (START_SECONDS + WARM_UP_SECONDS) * 1000)
  await using stack = new AsyncDisposableStack()
  const stand = await startStand(stack)
  const served = await stand.start(stand.makeObjects(), { isolates })
  const pace = { connections, requestsPerSecond: rate, items: 1, keys: 1_000, keyBytes: 30, atMs: null }
  const load = startPacedLoad(pace)
  stack.defer(() => load.kill())
  await until(fromMs - WARM_UP_SECONDS * 1000)
  await load.enter('warm-up', served.urls)
  await until(fromMs)
  await load.enter('across the turn', served.urls)
  await until(turnMs + seconds * 1000)
  const { phases, oddities, acknowledged } = await load.finish()
  const { accepted, isConserved } = await settledStatus(served.url)
  const sent = acknowledged.counts.reduce((sum, count) => sum + count, 0)
  const faults = [...oddities]
  if (!isConserved || accepted !== sent) faults.push(`${sent} acknowledged, ${accepted} counted`)
  if (served.log() !== '') faults.push(`workerd wrote: ${served.log().slice(0, 500)}`)
  const report = phases.find(({ phase }) => phase === 'across the turn')
  if (report === undefined) throw new Error('the load did not reach the turn')
  return { report, faults }
}

function describe(turn: Turn, { requests, statuses }: PhaseReport): string {
  const { windowSeconds, worst, rest, usual } = turn
  const answers = Object.entries(statuses).map(
    ([status, count]) => `${count.toLocaleString('en')} x ${status}`,
  )
  return table(
    ['', ''],
    [
      ['requests; answers', `${requests.toLocaleString('en')}; ${answers.join(', ')}`],
      ['median and p99 of a second away from the turn', `${rest.median} and ${rest.p99} ms`],
      [
        `worst second of the ${windowSeconds} s at the turn, p99 and longest`,
        `${worst.p99} and ${worst.longest} ms`,
      ],
      [`the same of any other ${windowSeconds} s, as a rule`, `${usual.p99} and ${usual.longest} ms`],
      ["the turn's worst p99 to the rest's", turn.ratio.toFixed(2)],
      [`reached: at most ${TURN_RATIO_MAX}`, turn.ratio <= TURN_RATIO_MAX ? 'yes' : 'no'],
    ],
  )
}

async function run(options: Options): Promise<number> {
  const { report, faults } = await measure(options)
  const turn = acrossTurn(report.bySecond, options.seconds)
  const machine = `${describeMachine()}\n${describeLoad()}`
  console.log(`${machine}\n\n${describe(turn, report)}`)
  for (const fault of faults) console.error(fault)
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ machine, options, turn, report, faults }, null, 2))
  }
  return faults.length > 0 || turn.ratio > TURN_RATIO_MAX ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
