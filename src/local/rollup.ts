import { LOCAL_MAKE_MS_MAX } from '../limits.ts'
import type { Rollups } from '../model/rollups/rollups.ts'
import type { Postgres } from '../postgres/driver/session.ts'
import { NotAnswered } from '../postgres/execute.ts'
import { createRollups } from '../postgres/rollups/rollups.ts'
import { CommandFailed, listenForInterrupts, main, parseFlags } from './cli.ts'
import { findDatabase } from './find-database.ts'
import { nodeClock } from './node-clock.ts'
import { formatCount, showProgress } from './progress.ts'
import { makeDays, NO_PROGRESS, type RollupEnding, type RollupProgress } from './rollup/make-days.ts'
import { BEGUN_NOW, describeEnding, exitCodeOf, lineOf } from './rollup/words.ts'

const HELP = `Makes a row for each key and UTC day from the rows of hours, so that long ranges are read fast.

  DATABASE_URL=postgresql://user:password@host/database npm run rollup [-- options]

Without DATABASE_URL it uses the embedded Postgres of an \`npm run dev\` that runs.

The Worker's hourly cron makes the same days, 8 in a run. This command makes all of them, the oldest first, which is
quicker for a table that is older than its days. It may run beside a Worker, and several at a time. Each day, or piece
of one that has very many keys, is one transaction, so after Ctrl-C, a crash or a lost connection run it again: it goes
on there.

  --again   make every day anew, because a version of Sumdial from before days has run since (docs/days.md). After
            an interruption leave it out: the days that are left are known
  --now     do not wait until a day after the migration that brought days. Only if no Worker of the version before
            it runs any more
  --help

Exit codes: 0 every day is made, 1 not, 2 called wrongly, 130 after Ctrl-C.
`

const FLAGS = {
  again: { type: 'boolean', default: false },
  now: { type: 'boolean', default: false },
} as const

process.exitCode = await main({ name: 'rollup', help: HELP, flags: FLAGS, run }, process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const { again: isAgain, now: isNow } = parseFlags(args, FLAGS).values
  const { address, name } = findDatabase(process.env, 'npm run rollup')
  const interrupt = listenForInterrupts()
  const closing: Promise<void>[] = []
  const postgres: Postgres = { address, clock: nodeClock, background: (work) => void closing.push(work) }
  const progress = { ...NO_PROGRESS }
  const startMs = Date.now()
  try {
    const ending = await createRollups(
      postgres,
      LOCAL_MAKE_MS_MAX,
    )(async (rollups) => {
      await prepare(rollups, isAgain, isNow)
      return makeAll(rollups, progress, interrupt, startMs)
    })
    const text = describeEnding(ending, progress, { nowMs: Date.now(), elapsedMs: Date.now() - startMs })
    const code = exitCodeOf(ending)
    if (code === 1) console.error(text)
    else console.log(text)
    return code
  } catch (error) {
    throw error instanceof NotAnswered ? failureOf(error, name) : error
  } finally {
    await Promise.all(closing)
  }
}

async function prepare(rollups: Rollups, isAgain: boolean, isNow: boolean): Promise<void> {
  if (isNow) {
    await rollups.beginNow()
    console.log(BEGUN_NOW)
  }
  if (isAgain) console.log(`${formatCount(await rollups.makeAllAgain())} days are to be made again`)
}

async function makeAll(
  rollups: Rollups,
  progress: RollupProgress,
  interrupt: AbortSignal,
  startMs: number,
): Promise<RollupEnding> {
  using _ = showProgress(() => lineOf(progress, Date.now() - startMs))
  return await makeDays({ rollups, progress, interrupt, sleep: nodeClock.sleep })
}

function failureOf({ message, isTableAbsent }: NotAnswered, name: string): CommandFailed {
  return isTableAbsent
    ? new CommandFailed(`${name} has no tables of days yet. Run \`npm run migrate\` first.`)
    : new CommandFailed(
        `Could not ask ${name}: ${message}\nCheck that it runs, and run this again: it goes on where it ended.`,
      )
}
