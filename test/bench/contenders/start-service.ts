import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onExit } from '../../support/on-exit.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Starts a service on Node, which prints the port that it has got. @throws when it ends before. */
export async function startService(entry: string, env: Readonly<Record<string, string>>) {
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
  if (port === undefined) throw new Error(`${entry} did not start:\n${Buffer.concat(written)}`)
  return {
    urls: [`http://127.0.0.1:${port}`],
    pid: child.pid ?? 0,
    log: () => Buffer.concat(written).toString(),
    async stop() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      forget()
    },
  }
}
