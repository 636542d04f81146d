import { CommandFailed, listenForInterrupts, main } from './cli.ts'
import { LookRefused } from './demo/look.ts'
import { FLAGS, HELP, type Options, parseOptions } from './demo/options.ts'
import { type DemoProgress, runDemo } from './demo/run.ts'
import { formatCount, showProgress } from './progress.ts'
import { nobodyAnswers, wasNeverReached } from './unreached.ts'

process.exitCode = await main({ name: 'demo', help: HELP, flags: FLAGS, run }, process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, process.env)
  const interrupt = listenForInterrupts()
  const progress: DemoProgress = { sent: 0, acknowledged: 0, visible: 0, trouble: '' }
  console.log(`The dashboard: ${options.url}`)
  const isComplete = await showRun(options, progress, interrupt)
  console.log(lineOf(progress))
  return isComplete ? 0 : 1
}

/** @throws CommandFailed when the server cannot be read at the start */
async function showRun(options: Options, progress: DemoProgress, interrupt: AbortSignal): Promise<boolean> {
  using line = showProgress(() => lineOf(progress))
  try {
    return await runDemo({ options, progress, interrupt, say: (text) => line.say(text) })
  } catch (error) {
    if (error instanceof LookRefused) throw new CommandFailed(error.message)
    if (wasNeverReached(error)) throw new CommandFailed(nobodyAnswers(options.url.href))
    throw new CommandFailed(`${options.url} does not answer: ${String(error)}`)
  }
}

function lineOf({ sent, acknowledged, visible, trouble }: DemoProgress): string {
  const figures = `sent ${formatCount(sent)}   acknowledged ${formatCount(acknowledged)}   visible in Postgres ${formatCount(visible)}`
  return trouble === '' ? figures : `${figures}   ${trouble}`
}
