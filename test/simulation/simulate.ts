import { availableParallelism } from 'node:os'
import { main, parseFlags, UsageError } from '../../src/local/cli.ts'
import { formatCount, showProgress } from '../../src/local/progress.ts'
import { describeFailure, keepFailure } from './describe-failure.ts'
import type { FaultKind } from './faults.ts'
import { isFaultKind } from './faults.ts'
import { Pool } from './pool.ts'
import type { Outcome } from './run.ts'
import { STEPS } from './steps.ts'
import type { Scenario } from './world.ts'

const HELP = `Runs the production code in seeded worlds full of faults, and holds them against what SPEC.md promises.

  npm run simulate -- [--seeds N] [--from S] [--steps N] [--threads N] [--without LIST]

  --seeds N       how many worlds (1000)
  --from S        the first seed (0); the others follow it
  --steps N       deeds of clients and faults in each (${STEPS}); far more follows from them
  --threads N     worlds at a time (one for each core)
  --without LIST  kinds of fault that are left out, such as a failed scenario names them

It exits with 1 at the first failure, prints the shortest history found and the command that repeats it, and writes
both to test/simulation/failed.log.
`

const FLAGS = {
  seeds: { type: 'string', default: '1000' },
  from: { type: 'string', default: '0' },
  steps: { type: 'string', default: String(STEPS) },
  threads: { type: 'string', default: String(availableParallelism()) },
  without: { type: 'string', default: '' },
} as const

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseFlags(args, FLAGS)
  const [seeds, from, steps, threads] = [values.seeds, values.from, values.steps, values.threads].map(
    wholeNumber,
  )
  const without = faultKinds(values.without)
  if (seeds === undefined || from === undefined || !steps || !threads || without === undefined) {
    throw new UsageError('Numbers must be whole, and kinds of fault those of test/simulation/faults.ts.')
  }
  const scenarios = Array.from({ length: seeds }, (_, i) => ({ seed: from + i, steps, without }))
  const pool = new Pool(threads)
  const total = new Total()
  const outcomes = await runAll(pool, scenarios, total)
  await pool.close()
  const failed = outcomes.filter(({ failure }) => failure !== null)
  for (const outcome of failed) {
    keepFailure(outcome)
    process.stdout.write(`${describeFailure(outcome)}\n`)
  }
  if (failed.length > 0) return 1
  process.stdout.write(`${total}, none failed\n`)
  return 0
}

async function runAll(pool: Pool, scenarios: readonly Scenario[], total: Total): Promise<Outcome[]> {
  using _ = showProgress(() => `${Math.floor((100 * total.seeds) / scenarios.length)} % ${total}`)
  return await pool.run(scenarios, (outcome) => total.add(outcome), true)
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function faultKinds(list: string): FaultKind[] | undefined {
  const kinds = list.split(',').filter((kind) => kind !== '')
  return kinds.every(isFaultKind) ? kinds : undefined
}

/** The sum of what happened in the worlds so far. */
class Total {
  readonly #startMs = performance.now()
  seeds = 0
  #steps = 0
  #increments = 0
  #reads = 0

  add({ steps, increments, reads }: Outcome): void {
    this.seeds += 1
    this.#steps += steps
    this.#increments += increments
    this.#reads += reads
  }

  toString(): string {
    const perSecond = Math.round((this.#steps * 1000) / Math.max(1, performance.now() - this.#startMs))
    const [seeds, steps, increments, reads, speed] = [
      this.seeds,
      this.#steps,
      this.#increments,
      this.#reads,
      perSecond,
    ].map(formatCount)
    return `${seeds} seeds, ${steps} steps, ${increments} increments, ${reads} fresh reads, ${speed} steps/s`
  }
}

process.exitCode = await main({ name: 'simulate', help: HELP, flags: FLAGS, run }, process.argv.slice(2))
