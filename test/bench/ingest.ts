import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { settledStatus } from '../support/status.ts'
import { runCommand } from './command.ts'
import { type Contender, startContenders } from './contenders.ts'
import { describeFigures, type Figures, summarise } from './figures.ts'
import { describeMachine } from './machine.ts'
import { type Plan, runRounds, type Turn, type Workload } from './rounds.ts'

const HELP = `Usage: node test/bench/ingest.ts [options]

Requests per second of POST /increment beside a Worker that only validates the same body, both served by workerd
itself on this machine, in rounds that take turns. Answers other than 202 make it exit with 1.

Options:
  --quick            2 rounds of 2 s instead of 5 of 4 s: a minute and a half instead of six
  --seconds N        length of a turn
  --connections N    of the first workload (256)
  --only TEXT        the workloads whose name has TEXT in it: single, 64, array
  --json FILE        writes every turn of every round there
  --help             show this`

type Options = {
  readonly plan: Plan
  readonly workloads: readonly Workload[]
  readonly json: string | undefined
}

/** @throws TypeError for an option that is not known, or that is not a number where one is meant. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      connections: { type: 'string', default: '256' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const usual = values.quick
    ? { rounds: 2, seconds: 2, warmUpSeconds: 1 }
    : { rounds: 5, seconds: 4, warmUpSeconds: 2 }
  const seconds = values.seconds === undefined ? usual.seconds : positive(values.seconds, 'seconds')
  const workloads = workloadsOf(positive(values.connections, 'connections'))
  const chosen = workloads.filter(({ name }) => name.includes(values.only))
  if (chosen.length === 0) throw new TypeError(`no workload has "${values.only}" in its name`)
  return { plan: { ...usual, seconds }, workloads: chosen, json: values.json }
}

function positive(text: string, name: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new TypeError(`--${name} must be a whole number from 1`)
  return number
}

function workloadsOf(connections: number): Workload[] {
  return [
    { name: `single, ${connections} connections`, connections, items: 1 },
    { name: 'single, 64 connections', connections: 64, items: 1 },
    { name: 'array of 1,000, 16 connections', connections: 16, items: 1_000 },
  ].filter(({ name }, i, all) => all.findIndex((workload) => workload.name === name) === i)
}

/** What the shards have counted beside what was acknowledged to the load. A cut-off request may count unacknowledged. */
async function audit(
  contender: Contender,
  turns: readonly Turn[],
  workloads: readonly Workload[],
): Promise<string[]> {
  const faults: string[] = []
  const log = contender.served.log()
  if (log !== '') faults.push(`${contender.name}: workerd wrote: ${log.slice(0, 500)}`)
  if (contender.isValidateOnly) return faults
  const { accepted, isConserved } = await settledStatus(contender.served.url)
  if (!isConserved) faults.push(`${contender.name}: the shards' own audit fails`)
  const itemsOf = (name: string) => workloads.find((workload) => workload.name === name)?.items ?? 0
  const acknowledged = turns
    .filter((turn) => turn.contender === contender.name)
    .reduce((sum, turn) => sum + turn.accepted * itemsOf(turn.workload), 0)
  if (accepted < acknowledged)
    faults.push(`${contender.name}: ${acknowledged} acknowledged, ${accepted} counted`)
  return faults
}

async function measure({
  plan,
  workloads,
}: Options): Promise<{ turns: Turn[]; figures: Figures[]; faults: string[] }> {
  const { all, stop } = await startContenders()
  const turns: Turn[] = []
  try {
    for (const workload of workloads) turns.push(...(await runRounds(workload, all, plan, progress)))
    const faults = (await Promise.all(all.map((contender) => audit(contender, turns, workloads)))).flat()
    const failed = turns.filter(({ errors }) => errors > 0)
    faults.push(...failed.map((t) => `${t.contender}, ${t.workload}, round ${t.round}: ${t.errors} errors`))
    return { turns, figures: summarise(turns, all[0]?.name ?? ''), faults }
  } finally {
    await stop()
  }
}

function progress(text: string): void {
  console.error(text)
}

async function run(options: Options): Promise<number> {
  const machine = describeMachine()
  const { turns, figures, faults } = await measure(options)
  console.log(`${machine}\n\n${describeFigures(figures)}`)
  for (const fault of faults) console.error(fault)
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      JSON.stringify({ machine, plan: options.plan, figures, turns, faults }, null, 2),
    )
  }
  return faults.length > 0 ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
