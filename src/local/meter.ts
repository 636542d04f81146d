import { createReadStream } from 'node:fs'
import { CommandFailed, main } from './cli.ts'
import { FLAGS, HELP, parseOptions } from './meter/options.ts'
import { OPEN_HOURS, report } from './meter/report.ts'
import { tryMeters } from './meter/trial.ts'

process.exitCode = await main({ name: 'meter', help: HELP, flags: FLAGS, run }, process.argv.slice(2))

async function run(args: readonly string[]): Promise<number> {
  const options = await parseOptions(args, process.env)
  const { file, meters, shown } = options
  const input = file === null ? process.stdin : createReadStream(file)
  try {
    const trial = await tryMeters(input, meters, { nowMs: Date.now(), shown, openHours: OPEN_HOURS })
    console.log(report(trial, options))
    return trial.gathering.refused > 0 || trial.excess !== undefined ? 1 : 0
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new CommandFailed(`${file} cannot be read: ${error.message}.`)
  }
}
