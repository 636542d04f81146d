import { listenForInterrupts, main } from './cli.ts'
import { LookRefused } from './demo/look.ts'
import { HELP, parseOptions } from './demo/options.ts'
import { type Progress, runDemo } from './demo/run.ts'
import { count } from './import/progress.ts'

/** Between two lines where there is no terminal on which one can be drawn anew. */
const LINE_MS = 5_000
const DRAW_MS = 250

process.exitCode = await main({ name: 'demo', help: HELP, run }, process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, process.env)
  const interrupt = listenForInterrupts()
  const progress: Progress = { sent: 0, acknowledged: 0, visible: 0, trouble: '' }
  const show = () =>
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${lineOf(progress)}` : `${lineOf(progress)}\n`)
  console.log(`The dashboard: ${options.url}`)
  const timer = setInterval(show, process.stderr.isTTY ? DRAW_MS : LINE_MS)
  try {
    const isComplete = await runDemo({ options, progress, interrupt, say: console.log })
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
    console.log(lineOf(progress))
    return isComplete ? 0 : 1
  } catch (error) {
    if (error instanceof LookRefused) console.error(error.message)
    else console.error(`${options.url} does not answer, is npm run dev running? ${String(error)}`)
    return 1
  } finally {
    clearInterval(timer)
  }
}

function lineOf({ sent, acknowledged, visible, trouble }: Progress): string {
  const figures = `sent ${count(sent)}   acknowledged ${count(acknowledged)}   visible in Postgres ${count(visible)}`
  return trouble === '' ? figures : `${figures}   ${trouble}`
}
