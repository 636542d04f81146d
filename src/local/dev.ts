import { listenForInterrupts, main } from './cli.ts'
import { FLAGS, HELP, parseOptions } from './dev/options.ts'
import { runDev } from './dev/run.ts'

/** Ends this process at once: wrangler's pipes might keep it alive. */
process.exit(await main({ name: 'dev', help: HELP, flags: FLAGS, run }, process.argv.slice(2)))

async function run(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, process.env)
  const interrupted = listenForInterrupts()
  try {
    return await runDev(options, interrupted)
  } catch (error) {
    if (interrupted.aborted && error === interrupted.reason) return 0
    throw error
  }
}
