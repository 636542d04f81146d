import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** Starts a command, which ends with its test at the latest. `ended` has all that it wrote. */
export function startCommand(
  entry: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: 'pipe', env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      out += chunk
    })
  }
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code, out }))
  return { child, ended }
}
