import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onExit } from '../support/on-exit.ts'

const ROOT = join(import.meta.dirname, '../..')

/**
 * Starts a service on Node, which prints the port that it has got and ends with the stack.
 *
 * @param entry path of its module from the project's root.
 * @throws with what it wrote when it ends before that.
 */
export async function startService(
  stack: AsyncDisposableStack,
  entry: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly urls: readonly string[]; readonly pid: number; readonly log: () => string }> {
  const child = spawn(process.execPath, ['--no-warnings', join(ROOT, entry)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const forget = onExit(() => child.kill('SIGKILL'))
  const written: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => written.push(chunk))
  const [port] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => []),
  ])
  const log = () => Buffer.concat(written).toString()
  if (port === undefined || child.pid === undefined) throw new Error(`${entry} did not start:\n${log()}`)
  stack.defer(async () => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    forget()
  })
  return { urls: [`http://127.0.0.1:${port}`], pid: child.pid, log }
}
