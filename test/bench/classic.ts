import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Exercise, type Score, takeExercise } from './classic/exercise.ts'
import { WAYS, type Way } from './classic/ways.ts'
import { runCommand } from './command.ts'
import { type Host, startHost } from './contenders/host.ts'
import type { LoadResult } from './load.ts'
import { describeLoad, describeMachine } from './machine.ts'
import { wholeNumber } from './options.ts'
import { perIncrement, rowCounter, type Written } from './rows.ts'
import { table } from './table.ts'

const HELP = `Usage: npm run bench:classic -- [options]

The classic exercise: 30,000 single increments over 1,000 keys from 256 connections, and when they can be read, 100,000
reads of those keys in a random order from 64: one contender after the other, each alone. The rows that Sumdial's shards
write are counted in writes of their own. It exits with 1 when a request fails, or Postgres has not what was acknowledged.

Options:
  --writes N     (30000)
  --reads N      of each kind: Sumdial is read from committed and fresh (100000)
  --keys N       (1000)
  --only TEXT    the contenders whose name has TEXT in it
  --json FILE    writes the figures there
  --help         show this`

type Options = {
  readonly exercise: Exercise
  readonly ways: readonly Way[]
  readonly json: string | undefined
}

/** @throws TypeError for an option that is not known, or that is not a number where one is meant. */
function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      writes: { type: 'string', default: '30000' },
      reads: { type: 'string', default: '100000' },
      keys: { type: 'string', default: '1000' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const ways = WAYS.filter(({ name }) => name.includes(values.only))
  if (ways.length === 0) throw new TypeError(`no contender has "${values.only}" in its name`)
  const exercise = {
    writes: wholeNumber(values.writes, 'writes', { least: 256 }),
    reads: wholeNumber(values.reads, 'reads', { least: 64 }),
    keys: wholeNumber(values.keys, 'keys'),
  }
  return { exercise, ways, json: values.json }
}

type Row = Score & { readonly written: Written | null }

async function measure({ exercise, ways }: Options): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const host = await startHost(stack)
  const rows: Row[] = []
  for (const way of ways) {
    console.error(`${way.name}: ${exercise.writes} writes, ${exercise.reads} reads`)
    const score = await takeExercise(way, host, exercise)
    rows.push({ ...score, written: way.isSumdial ? await countWritten(host, way, exercise) : null })
  }
  return rows
}

async function countWritten(host: Host, { isolates }: Way, { writes, keys }: Exercise): Promise<Written> {
  const count = await rowCounter(host)
  return count(
    { isolates, callMs: 0 },
    { connections: 256, seconds: 3_600, requests: writes, items: 1, keys, ids: false },
  )
}

const HEAD = [
  'contender',
  'writes/s',
  'p99 ms',
  'reads/s',
  'p99 ms',
  'fresh reads/s',
  'p99 ms',
  'journal rows each',
  'shard rows each',
  'Postgres rows each',
]

function describe(rows: readonly Row[]): string {
  const speed = (result: LoadResult | null) =>
    result === null
      ? ['-', '-']
      : [Math.round(result.accepted / result.seconds).toLocaleString('en'), String(result.latencyMs.p99)]
  return table(
    HEAD,
    rows.map(({ name, writes, reads, freshReads, postgresRows, written }) => [
      name,
      ...speed(writes),
      ...speed(reads),
      ...speed(freshReads),
      ...(written === null
        ? ['-', '-']
        : [
            perIncrement(written.journalRows, written.increments),
            perIncrement(written.allRows, written.increments),
          ]),
      postgresRows === null ? '-' : postgresRows.toFixed(4),
    ]),
  )
}

async function run(options: Options): Promise<number> {
  const machine = `${describeMachine()}\nbefore: ${describeLoad()}`
  const rows = await measure(options)
  console.log(`${machine}, after: ${describeLoad()}\n\n${describe(rows)}`)
  const faults = rows.flatMap((row) => row.faults)
  for (const fault of faults) console.error(fault)
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      JSON.stringify({ machine, exercise: options.exercise, rows, faults }, null, 2),
    )
  }
  return faults.length > 0 ? 1 : 0
}

if (import.meta.main) {
  process.exitCode = await runCommand({ help: HELP, parse: parseOptions, run }, process.argv.slice(2))
}
