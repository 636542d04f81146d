import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ratioLines } from './aims.ts'
import { runCommand } from './command.ts'
import { READERS } from './contenders/readers.ts'
import { DISTINCT, distinctLines } from './distinct.ts'
import { describeFigures } from './figures.ts'
import { describeHalfLoad, halfLoadLines } from './half-load.ts'
import { describeLines, type Line } from './lines.ts'
import { describeLoad, describeMachine } from './machine.ts'
import { type Asked, type Measured, measure } from './measure.ts'
import { wholeNumber } from './options.ts'
import { plotFigures } from './plot.ts'
import { describeRows, rowLines } from './rows.ts'
import { table } from './table.ts'
import { BASELINE, READS, WORKLOADS } from './workloads.ts'

const HELP = `Usage: npm run bench -- [options]

POST /increment side by side, in rounds that take turns on this machine: Sumdial as it is deployed, served by workerd
itself, a ceiling that keeps nothing, and what people write in its place. Then its latency at half load; GET /counters
beside the same SQL; a million distinct keys, each counted once; and the rows that shards write. Answers other than 202,
or 503 past a bound, a line in a log, and an increment that was acknowledged and not counted make it exit with 1. An aim
that is not reached does not.

Options:
  --quick            2 rounds of 1 s of three workloads, and the half load: two minutes instead of fifteen
  --seconds N        length of a turn
  --rounds N
  --only TEXT        the workloads and parts whose name has TEXT in it: "single, 256 connections", "reads", "half load",
                     "rows written" ...
  --json FILE        writes every turn of every round there
  --svg FILE         draws the figures there
  --help             show this`

type Options = Asked & { readonly json: string | undefined; readonly svg: string | undefined }

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
  const usual = values.quick
    ? { rounds: 2, seconds: 1, warmUpSeconds: 1 }
    : { rounds: 5, seconds: 2, warmUpSeconds: 2 }
  const plan = {
    warmUpSeconds: usual.warmUpSeconds,
    seconds: wholeNumber(values.seconds ?? String(usual.seconds), 'seconds'),
    rounds: wholeNumber(values.rounds ?? String(usual.rounds), 'rounds'),
  }
  const asked = { plan, ...partsOf(values.quick, values.only) }
  const { workloads, reads, distinct, rows } = asked
  if (workloads.length === 0 && !reads && !distinct && !rows) {
    throw new TypeError(`no workload has "${values.only}" in its name`)
  }
  return { ...asked, json: values.json, svg: values.svg }
}

function partsOf(isQuick: boolean, only: string): Omit<Asked, 'plan'> {
  const isAsked = (name: string) => name.includes(only)
  const hasTime = !isQuick || only !== ''
  const { single256, hot, array1000 } = WORKLOADS
  const all = isQuick ? [single256, hot, array1000] : Object.values(WORKLOADS)
  const halfLoad = isAsked('half load')
  return {
    workloads: all.filter(({ name }) => isAsked(name) || (halfLoad && name === single256.name)),
    reads: hasTime && isAsked(READS.name),
    halfLoad,
    distinct: hasTime && isAsked(DISTINCT),
    rows: hasTime && isAsked('rows written'),
  }
}

function linesOf({ turns, readTurns, halfLoad, distinct, rows }: Measured): Line[] {
  return [
    ...ratioLines([...turns, ...readTurns]),
    ...halfLoadLines(halfLoad),
    ...(distinct === null ? [] : distinctLines(distinct)),
    ...rowLines(rows),
  ]
}

function describe(
  { contenders, figures, readFigures, halfLoad, rows }: Measured,
  lines: readonly Line[],
): string {
  const promises = contenders.map(({ name, promise }) => [name, promise])
  return [
    ...(promises.length > 0 ? [table(['contender', 'what it promises'], promises)] : []),
    ...(figures.length > 0 ? [describeFigures(figures, 'increments', BASELINE)] : []),
    ...(halfLoad.length > 0 ? [describeHalfLoad(halfLoad)] : []),
    ...(readFigures.length > 0 ? [describeFigures(readFigures, 'reads', READERS.sql)] : []),
    ...(rows.length > 0 ? [describeRows(rows)] : []),
    describeLines(lines),
  ].join('\n\n')
}

async function run({ json, svg, ...asked }: Options): Promise<number> {
  const machine = `${describeMachine()}\nbefore: ${describeLoad()}`
  const measured = await measure(asked)
  const lines = linesOf(measured)
  console.log(`${machine}, after: ${describeLoad()}\n\n${describe(measured, lines)}`)
  for (const fault of measured.faults) console.error(fault)
  if (json !== undefined) {
    writeFileSync(json, JSON.stringify({ machine, plan: asked.plan, ...measured, aims: lines }, null, 2))
  }
  if (svg !== undefined) {
    const figures = [...measured.figures, ...measured.readFigures]
    writeFileSync(svg, plotFigures(figures, machine.replaceAll('\n', ', ')))
  }
  return measured.faults.length > 0 ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
