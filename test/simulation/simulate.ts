import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import cliProgress from 'cli-progress'
import { describeFailure } from './describe-failure.ts'
import { Pool } from './pool.ts'
import type { Outcome } from './run.ts'
import { STEPS } from './steps.ts'

const HELP = `Runs the production code in seeded worlds full of faults, and holds them against what SPEC.md promises.

  node test/simulation/simulate.ts [--seeds N] [--from S] [--steps N] [--threads N]

  --seeds N    how many worlds (1000)
  --from S     the first seed (0); the others follow it
  --steps N    deeds of clients and faults in each (${STEPS}); far more follows from them
  --threads N  worlds at a time (one for each core)

It exits with 1 at the first failure, with its seed and the shortest history found.
`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    steps: { type: 'string', default: String(STEPS) },
    threads: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else process.exitCode = await simulate()

async function simulate(): Promise<number> {
  const [seeds, from, steps, threads] = [values.seeds, values.from, values.steps, values.threads].map(
    wholeNumber,
  )
  if (seeds === undefined || from === undefined || !steps || !threads) {
    process.stderr.write(`Numbers must be whole.\n\n${HELP}`)
    return 2
  }
  const scenarios = Array.from({ length: seeds }, (_, i) => ({ seed: from + i, steps, without: [] }))
  const pool = new Pool(threads)
  const progress = showProgress(seeds)
  const outcomes = await pool.run(scenarios, progress.add, true)
  progress.stop()
  await pool.close()
  const failed = outcomes.find(({ failure }) => failure !== null)
  process.stdout.write(
    failed === undefined ? `${progress.words()}, none failed\n` : `${describeFailure(failed)}\n`,
  )
  return failed === undefined ? 0 : 1
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function showProgress(total: number) {
  const startMs = performance.now()
  const sum = { seeds: 0, steps: 0, increments: 0, reads: 0 }
  const count = (n: number) => Math.round(n).toLocaleString('en-US')
  const words = () => {
    const perSecond = (sum.steps * 1000) / Math.max(1, performance.now() - startMs)
    const { seeds, steps, increments, reads } = sum
    return `${count(seeds)} seeds, ${count(steps)} steps, ${count(increments)} increments, ${count(reads)} fresh reads, ${count(perSecond)} steps/s`
  }
  const format = '{bar} {percentage}%  {words}'
  const bar = new cliProgress.SingleBar({ format, barsize: 24, clearOnComplete: true, noTTYOutput: false })
  bar.start(total, 0, { words: '' })
  return {
    words,
    add(outcome: Outcome) {
      sum.seeds += 1
      sum.steps += outcome.steps
      sum.increments += outcome.increments
      sum.reads += outcome.reads
      bar.update(sum.seeds, { words: words() })
    },
    stop: () => bar.stop(),
  }
}
