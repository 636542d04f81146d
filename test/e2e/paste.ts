import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs a printed command as a person would who pastes it. */
export async function paste(command = '', env: Record<string, string> = {}): Promise<unknown> {
  return JSON.parse((await run('sh', ['-c', command], { env: { ...process.env, ...env } })).stdout)
}
