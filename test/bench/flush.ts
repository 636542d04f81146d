import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { runCommand } from './command.ts'
import { ALARM } from './flush/alarm.ts'
import { CELLS } from './flush/cells.ts'
import { HOT } from './flush/hot.ts'
import { MEMORY } from './flush/memory.ts'
import type { Found, Part } from './flush/part.ts'
import { STATEMENTS } from './flush/statements.ts'
import { describeLines } from './lines.ts'
import { describeLoad, describeMachine } from './machine.ts'

const PARTS: readonly Part[] = [CELLS, ALARM, STATEMENTS, HOT, MEMORY]

const HELP = `Usage: npm run bench:flush -- [options]

The way from a shard to a real PostgreSQL, which commits to disk:
  cells        10,000 and 50,000 cells through the production's sink, driver and endpoint, beside the same rows upserted
               by a plain pg client; by turns, new rows and updates apart
  alarm        the same of a shard in workerd that holds as many, from its alarm until all of it is settled
  statements   what Postgres is asked while workerd counts: by shard and interval
  hot          the share of updates that stay heap-only, under many flushes of the same keys and of new hours
  memory       the heap of workerd with Postgres away and a shard at its bounds, and in the flush afterwards
An aim that is not reached does not make it exit with 1; a flush that fails, or an increment that is lost, does.

Options:
  --quick       fewer rounds, and shorter ones: two minutes instead of five
  --only PARTS  some of them, parted by commas
  --json FILE   writes the figures there
  --help        show this`

type Options = {
  readonly isQuick: boolean
  readonly parts: readonly Part[]
  readonly json: string | undefined
}

/** @throws TypeError for an option or a part that is not known. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const names = values.only?.split(',') ?? PARTS.map(({ name }) => name)
  const unknown = names.find((name) => !PARTS.some((part) => part.name === name))
  if (unknown !== undefined) throw new TypeError(`no part is called "${unknown}"`)
  return {
    isQuick: values.quick,
    parts: PARTS.filter(({ name }) => names.includes(name)),
    json: values.json,
  }
}

/** One part after the other, each on a stand of its own. @throws what a part throws, once its stand is down. */
async function measure({ parts, isQuick }: Options): Promise<ReadonlyMap<string, Found>> {
  const bar = new SingleBar({ format: '{bar} {percentage} % | {text}', hideCursor: true })
  bar.start(
    parts.reduce((sum, part) => sum + part.steps(isQuick), 0),
    0,
    { text: '' },
  )
  const found = new Map<string, Found>()
  try {
    for (const part of parts) {
      await using stack = new AsyncDisposableStack()
      found.set(part.name, await part.measure(stack, isQuick, (text) => bar.increment(1, { text })))
    }
  } finally {
    bar.stop()
  }
  return found
}

async function run(options: Options): Promise<number> {
  const machine = `${describeMachine()}\nbefore: ${describeLoad()}`
  const found = await measure(options)
  const all = [...found.values()]
  const head = `${machine}, after: ${describeLoad()}`
  console.log(
    [head, ...all.flatMap(({ tables }) => tables), describeLines(all.flatMap(({ aims }) => aims))].join(
      '\n\n',
    ),
  )
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ machine: head, ...Object.fromEntries(found) }, null, 2))
  }
  return 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
