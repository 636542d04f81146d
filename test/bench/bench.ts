import { writeFileSync } from 'node:fs'
import { main } from '../../src/local/cli.ts'
import { COST } from './cost/cost.ts'
import { COUNTING } from './counting/counting.ts'
import { FLUSH } from './flush/flush.ts'
import { FORMATS_SCENARIO } from './formats/formats.ts'
import { LABELS } from './labels/labels.ts'
import { type Chosen, describeHelp, flagsOf, type Options, parseOptions } from './options.ts'
import { OUTAGE } from './outage/outage.ts'
import { plotFigures } from './plot.ts'
import { READS } from './reads/reads.ts'
import { describeAims, describeLoad, describeMachine } from './report.ts'
import type { Outcome, Progress, Scenario } from './scenario.ts'
import { SOAK } from './soak.ts'
import { YEARS } from './years/years.ts'

const SCENARIOS: readonly Scenario[] = [
  COUNTING,
  FORMATS_SCENARIO,
  READS,
  YEARS,
  FLUSH,
  LABELS,
  COST,
  OUTAGE,
  SOAK,
]

/** A scenario's outcome, and the machine's load around it. */
type Measured = Outcome & { readonly name: string; readonly settings: object; readonly load: string }

async function run({ chosen, isQuick, json, svg }: Options): Promise<number> {
  const machine = describeMachine()
  console.log(machine)
  const all: Measured[] = []
  for (const each of chosen) {
    const measured = await measure(each, isQuick)
    const { name, load, tables, aims, faults } = measured
    const shown = aims.length === 0 ? tables : [...tables, describeAims(aims)]
    console.log(`\n${name}, ${load}\n\n${shown.join('\n\n')}`)
    for (const fault of faults) console.error(`${name}: ${fault}`)
    all.push(measured)
  }
  if (json !== undefined) writeFileSync(json, JSON.stringify({ machine, scenarios: all }, null, 2))
  if (svg !== undefined) {
    const bars = all.flatMap((measured) => measured.bars ?? [])
    writeFileSync(svg, plotFigures(bars, machine.replaceAll('\n', ', ')))
  }
  return all.some(({ faults }) => faults.length > 0) ? 1 : 0
}

/** A scenario that fails is a fault of its own, so that the ones after it are measured all the same. */
async function measure({ scenario, settings, parts }: Chosen, isQuick: boolean): Promise<Measured> {
  const { name } = scenario
  const before = describeLoad()
  const wants = (part: string) => parts.has(part)
  const outcome = await scenario
    .measure({ settings, isQuick, wants, progress: startProgress(name) })
    .catch((error: unknown) => failed(error))
  return { ...outcome, name, settings, load: `before: ${before}, after: ${describeLoad()}` }
}

function failed(error: unknown): Outcome {
  const fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { tables: [], aims: [], figures: null, faults: [fault] }
}

/** Lines on standard error, each with the time since the scenario began. */
function startProgress(scenario: string): Progress {
  const startedMs = performance.now()
  return (text) => {
    const seconds = Math.floor((performance.now() - startedMs) / 1000)
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    console.error(`${time} ${scenario}: ${text}`)
  }
}

const COMMAND = {
  name: 'bench',
  help: describeHelp(SCENARIOS),
  flags: flagsOf(SCENARIOS),
  run: (args: readonly string[]) => run(parseOptions(args, SCENARIOS)),
}

process.exitCode = await main(COMMAND, process.argv.slice(2))
