import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { privateFolder } from './private-folder.ts'
import { SECRETS } from './target.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** wrangler's program in node_modules, whatever the PATH says. */
const WRANGLER = fileURLToPath(import.meta.resolve('wrangler'))

/**
 * How long one run of wrangler may take before it is ended. A schedule's change may begin one hour after it was checked, so a
 * run that waits longer at a question must not go live any more.
 */
export const WRANGLER_MS_MAX = 20 * 60_000

/**
 * Runs wrangler to its end.
 *
 * @param output `shown`: wrangler has this terminal and may ask questions. `caught`: it has no terminal.
 */
export type Wrangler = (args: readonly string[], output: 'shown' | 'caught') => Promise<WranglerEnding>

export type WranglerEnding = {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null
  /** Everything that it printed, if that was caught. */
  readonly text: string
  /** The version that it made live; null for none. The exit code is also 0 when a person told it not to deploy. */
  readonly versionId: string | null
}

export const runWrangler: Wrangler = async (args, output) => {
  using folder = privateFolder()
  const record = join(folder.path, 'output.ndjson')
  const child = spawn(process.execPath, ['--no-warnings', WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...wranglerEnv(), WRANGLER_OUTPUT_FILE_PATH: record },
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
  return { code, text, versionId: readVersionId(record) }
}

/**
 * This process's environment, without the secrets, which go in a file, and without another name for the Worker than that of
 * its record. A build at Cloudflare may give another name, and has no record.
 */
function wranglerEnv(): NodeJS.ProcessEnv {
  const hasRecord = (process.env['DATABASE_URL'] ?? '') !== ''
  const withheld: readonly string[] = [...SECRETS, ...(hasRecord ? ['WRANGLER_CI_OVERRIDE_NAME'] : [])]
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !withheld.includes(name)))
}

const deploySchema = z.object({ type: z.literal('deploy'), version_id: z.string().nullable() })

/** Reads the file that wrangler writes for other programs, which has a JSON object in each line. */
function readVersionId(path: string): string | null {
  if (!existsSync(path)) return null
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const entry = deploySchema.safeParse(JSON.parse(line))
    if (entry.success) return entry.data.version_id
  }
  return null
}

/** Goes by the clock on the wall, because a timer stands still while a laptop sleeps. */
function endInTime(child: ChildProcess): Disposable {
  const endMs = Date.now() + WRANGLER_MS_MAX
  const timer = setInterval(() => Date.now() > endMs && child.kill('SIGKILL'), 1_000)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Ctrl-C ends wrangler, so that this process can then record how the deploy ended and remove the file of secrets. */
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
