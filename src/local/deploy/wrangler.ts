import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(import.meta.dirname, '../../..')

/** wrangler's own program, whatever the PATH says. */
const WRANGLER = fileURLToPath(import.meta.resolve('wrangler'))

/**
 * How long one run of wrangler may take; then it is ended. A schedule's change begins an hour after it was checked, so
 * that what waits at a question for longer must not go live any more.
 */
export const WRANGLER_MS_MAX = 20 * 60_000

/**
 * Runs wrangler to its end.
 *
 * @param output `shown`: it has this terminal, and may ask. `caught`: it is quiet, and may not.
 */
export type Wrangler = (args: readonly string[], output: 'shown' | 'caught') => Promise<WranglerEnding>

/** The code is null when it was ended. `text` is what it printed, if that was caught. */
export type WranglerEnding = { readonly code: number | null; readonly text: string }

export const runWrangler: Wrangler = async (args, output) => {
  const child = spawn(process.execPath, ['--no-warnings', WRANGLER, ...args], {
    cwd: ROOT,
    env: wranglerEnv(),
    stdio: output === 'shown' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk
    })
  using _ = endInTime(child)
  using __ = passSignalsOn(child)
  const [code] = await once(child, 'close')
  return { code, text }
}

/** This process's own, but for the secrets, which go in a file. */
function wranglerEnv(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, API_TOKENS: __, ...rest } = process.env
  return rest
}

/** By the clock on the wall: a timer stands still while a laptop sleeps. */
function endInTime(child: ChildProcess): Disposable {
  const endMs = Date.now() + WRANGLER_MS_MAX
  const timer = setInterval(() => Date.now() > endMs && child.kill('SIGKILL'), 1_000)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** A Ctrl-C ends wrangler, and then this process has its say: what it began is recorded, its file of secrets removed. */
function passSignalsOn(child: ChildProcess): Disposable {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const signal of signals) process.on(signal, passOn)
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, passOn)
    },
  }
}
