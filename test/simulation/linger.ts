import { main, parseFlags, UsageError } from '../../src/local/cli.ts'
import { table } from '../bench/table.ts'
import { type LingerFigures, type LingerLoad, simulateLinger } from './linger/simulate.ts'

const HELP = `Shows what lingering costs and saves: how late increments are answered, and how many rows they write.

  npm run linger -- [--linger LIST] [--rates LIST] [--calls LIST] [--isolates LIST]
                    [--increments N] [--seconds N] [--seed N]

  --linger LIST     LINGER_MS, one column group for each (0,25)
  --rates LIST      requests a second for one shard, over all isolates (100,500,2000)
  --calls LIST      ms that a call takes, without waiting in the shard (5,20)
  --isolates LIST   how many isolates send (1,2,4,8,16,32,64)
  --increments N    increments in each request (1)
  --seconds N       simulated time (30)
  --seed N          of the chance (1)

It is a simulation: nothing is sent anywhere. It obeys the wait functions of src/model/linger.ts.
`

const FLAGS = {
  linger: { type: 'string', default: '0,25' },
  rates: { type: 'string', default: '100,500,2000' },
  calls: { type: 'string', default: '5,20' },
  isolates: { type: 'string', default: '1,2,4,8,16,32,64' },
  increments: { type: 'string', default: '1' },
  seconds: { type: 'string', default: '30' },
  seed: { type: 'string', default: '1' },
} as const

process.exitCode = await main({ name: 'linger', help: HELP, flags: FLAGS, run }, process.argv.slice(2))

function run(args: readonly string[]): undefined {
  const { values } = parseFlags(args, FLAGS)
  const lists = [values.linger, values.rates, values.calls, values.isolates].map(numbers)
  const [increments, seconds, seed] = [values.increments, values.seconds, values.seed].map(Number)
  const [lingers, rates, calls, isolates] = lists
  if (!lingers || !rates || !calls || !isolates || !increments || !seconds || seed === undefined) {
    throw new UsageError('Give whole numbers, and commas between them.')
  }
  for (const perSecond of rates) {
    for (const callMs of calls) {
      const load = { requests: { kind: 'open', perSecond }, increments, callMs, seconds, seed } as const
      process.stdout.write(`${titleOf(load)}\n\n${tableOf(load, isolates, lingers)}\n\n`)
    }
  }
}

function numbers(list: string): number[] | undefined {
  return /^\d{1,6}(,\d{1,6})*$/.test(list) ? list.split(',').map(Number) : undefined
}

type Case = Omit<LingerLoad, 'isolates' | 'lingerMs'>

function titleOf({ requests, increments, callMs }: Case & { requests: { perSecond: number } }): string {
  return `${requests.perSecond} requests a second of ${increments}, calls of ${callMs} ms`
}

function tableOf(load: Case, isolates: readonly number[], lingers: readonly number[]): string {
  const head = [
    'isolates',
    ...lingers.flatMap((ms) => [`linger ${ms}: median ms`, 'p99 ms', 'rows/increment']),
  ]
  const rows = isolates.map((count) => [
    String(count),
    ...lingers.flatMap((lingerMs) => cells(simulateLinger({ ...load, isolates: count, lingerMs }))),
  ])
  return table(head, rows)
}

function cells({ medianMs, p99Ms, rowsPerIncrement }: LingerFigures): string[] {
  return [medianMs.toFixed(1), p99Ms.toFixed(1), rowsPerIncrement.toFixed(3)]
}
