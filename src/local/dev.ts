import { HELP, parseOptions, UsageError } from './dev/options.ts'
import { runDev } from './dev/run.ts'
import { StartError } from './dev/start-error.ts'

const HELP_HINT = 'npm run dev -- --help shows the options.'

/** npm passes a Ctrl-C on to a process that the terminal has told already: within this time both are one. */
const SAME_INTERRUPT_MS = 500

process.exit(await main(process.argv.slice(2)))

/** @returns the exit code: 0 after Ctrl-C, 1 when something failed, 2 when the call was wrong. */
async function main(args: readonly string[]): Promise<number> {
  const interrupted = listenForInterrupts()
  try {
    const options = parseOptions(args, process.env)
    if (options.help) console.log(HELP)
    else await runDev(options, interrupted)
    return 0
  } catch (error) {
    if (interrupted.aborted && error === interrupted.reason) return 0
    if (error instanceof UsageError) return complain(`${error.message}\n${HELP_HINT}`, 2)
    if (error instanceof StartError) return complain(error.message, 1)
    throw error
  }
}

function complain(text: string, exitCode: number): number {
  console.error(text)
  return exitCode
}

/** Aborted by the first Ctrl-C or SIGTERM; a second one ends this process at once, and the Worker's with it. */
function listenForInterrupts(): AbortSignal {
  const interrupt = new AbortController()
  let firstMs = 0
  const onSignal = () => {
    if (interrupt.signal.aborted && performance.now() - firstMs > SAME_INTERRUPT_MS) process.exit(130)
    if (interrupt.signal.aborted) return
    firstMs = performance.now()
    interrupt.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  return interrupt.signal
}
