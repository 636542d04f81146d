import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { settledStatus } from '../support/status.ts'
import { runCommand } from './command.ts'
import { type Contender, startContenders } from './contenders.ts'
import { describeFigures, describeRatio, type Figures, ratioOf, summarise } from './figures.ts'
import { describeMachine } from './machine.ts'
import { plotFigures } from './plot.ts'
import { type Plan, runRounds, type Turn, type Workload } from './rounds.ts'
import { table } from './table.ts'
import { AIMS, WITHOUT_IDS, WORKLOADS } from './workloads.ts'

const HELP = `Usage: npm run bench -- [options]

POST /increment side by side, in rounds that take turns on this machine: Sumdial as it is deployed, served by workerd
itself, a ceiling that keeps nothing, and what people write in its place. Answers other than 202, a line in a log, and
an increment that was acknowledged and not counted make it exit with 1. An aim that is not reached does not.

Options:
  --quick            2 rounds of 2 s of three workloads: two minutes instead of fifteen
  --seconds N        length of a turn
  --rounds N
  --only TEXT        the workloads whose name has TEXT in it
  --json FILE        writes every turn of every round there
  --svg FILE         draws the figures there
  --help             show this`

type Options = {
  readonly plan: Plan
  readonly workloads: readonly Workload[]
  readonly json: string | undefined
  readonly svg: string | undefined
}

/** @throws TypeError for an option that is not known, or that is not a number where one is meant. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      svg: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const { single256, hot, array1000 } = WORKLOADS
  const usual = values.quick
    ? { rounds: 2, seconds: 2, warmUpSeconds: 1, of: [single256, hot, array1000] }
    : { rounds: 5, seconds: 3, warmUpSeconds: 2, of: Object.values(WORKLOADS) }
  const workloads = usual.of.filter(({ name }) => name.includes(values.only))
  if (workloads.length === 0) throw new TypeError(`no workload has "${values.only}" in its name`)
  const plan = {
    warmUpSeconds: usual.warmUpSeconds,
    seconds: values.seconds === undefined ? usual.seconds : positive(values.seconds, 'seconds'),
    rounds: values.rounds === undefined ? usual.rounds : positive(values.rounds, 'rounds'),
  }
  return { plan, workloads, json: values.json, svg: values.svg }
}

function positive(text: string, name: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new TypeError(`--${name} must be a whole number from 1`)
  return number
}

/** What the shards have counted beside what was acknowledged to the load. A cut-off request may count unacknowledged. */
async function audit(
  { name, log, urls, isSumdial }: Contender,
  turns: readonly Turn[],
  workloads: readonly Workload[],
): Promise<string[]> {
  const faults = log() === '' ? [] : [`${name} wrote: ${log().slice(0, 500)}`]
  if (!isSumdial) return faults
  const { accepted, isConserved } = await settledStatus(urls[0] ?? '')
  if (!isConserved) faults.push(`${name}: the shards' own audit fails`)
  const itemsOf = (workload: string) => workloads.find((each) => each.name === workload)?.items ?? 0
  const acknowledged = turns
    .filter((turn) => turn.contender === name)
    .reduce((sum, turn) => sum + turn.accepted * itemsOf(turn.workload), 0)
  if (accepted < acknowledged) faults.push(`${name}: ${acknowledged} acknowledged, ${accepted} counted`)
  return faults
}

type Measured = {
  readonly turns: Turn[]
  readonly contenders: readonly Contender[]
  readonly faults: string[]
}

async function measure({ plan, workloads }: Options): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const contenders = await startContenders(stack)
  const bar = new SingleBar({ format: '{bar} {percentage} % | {text}', hideCursor: true })
  const takersOf = ({ ids }: Workload) => contenders.filter(({ name }) => !ids || !WITHOUT_IDS.includes(name))
  bar.start(
    workloads.reduce((sum, each) => sum + takersOf(each).length * (plan.rounds + 1), 0),
    0,
    { text: '' },
  )
  const turns: Turn[] = []
  try {
    for (const workload of workloads) {
      turns.push(
        ...(await runRounds(workload, takersOf(workload), plan, (text) => bar.increment(1, { text }))),
      )
    }
  } finally {
    bar.stop()
  }
  const faults = (await Promise.all(contenders.map((each) => audit(each, turns, workloads)))).flat()
  // A bounded queue that is full refuses, which the table tells.
  const failed = turns.filter(({ contender, errors }) => errors > 0 && contender !== 'queue')
  faults.push(...failed.map((t) => `${t.contender}, ${t.workload}, round ${t.round}: ${t.errors} errors`))
  return { turns, contenders, faults }
}

function describeAims(turns: readonly Turn[]): string {
  const rows = AIMS.map(({ what, workload, contender, to, atLeast }) => {
    const side = { workload: workload.name, contender }
    const ratio = ratioOf(turns, side, { workload: to.workload.name, contender: to.contender })
    return { what, ratio, atLeast }
  })
    .filter(({ ratio }) => Number.isFinite(ratio.median))
    .map(({ what, ratio, atLeast }) => [
      what,
      describeRatio(ratio),
      `>= ${atLeast}`,
      ratio.median >= atLeast ? 'yes' : 'no',
    ])
  return table(['aim', 'ratio (least to most)', 'wanted', 'reached'], rows)
}

function describe(figures: readonly Figures[], { turns, contenders }: Measured): string {
  const promises = contenders.map(({ name, promise }) => [name, promise])
  return [
    describeMachine(),
    table(['contender', 'what it promises'], promises),
    describeFigures(figures),
    describeAims(turns),
  ].join('\n\n')
}

async function run(options: Options): Promise<number> {
  const measured = await measure(options)
  const { turns, contenders, faults } = measured
  const figures = summarise(turns, contenders[0]?.name ?? '')
  console.log(describe(figures, measured))
  for (const fault of faults) console.error(fault)
  const machine = describeMachine()
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      JSON.stringify({ machine, plan: options.plan, figures, turns, faults }, null, 2),
    )
  }
  if (options.svg !== undefined)
    writeFileSync(options.svg, plotFigures(figures, machine.replaceAll('\n', ', ')))
  return faults.length > 0 ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
