import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AtEnd } from './at-end.ts'
import { command } from './command.ts'
import { copyEmbedded } from './embedded.ts'
import { ProcessTree } from './processes.ts'

const ROOT = join(import.meta.dirname, '../..')

export interface DevOptions {
  readonly state: string
  /** As after `npm ci`: from its source, and it has to create Postgres. Otherwise it starts from a bundle, on an empty Postgres. */
  readonly isFirstEver?: true
  /** Any free one when it is left out. */
  readonly port?: number
  readonly vars?: Readonly<Record<string, string>>
  readonly databaseUrl?: string
  readonly host?: string
}

/** How a run of dev ended: its exit code, null after a signal, and all that it said. */
export interface DevEnding {
  readonly code: number | null
  readonly log: string
}

/** `npm run dev` as a user has it, without npm. */
export interface Dev {
  /** The Worker's address, such as `http://127.0.0.1:8787`, and its port. */
  readonly url: string
  readonly port: number
  readonly processes: ProcessTree
  readonly pid: number
  /** The printed commands that begin with `curl`. */
  readonly commands: readonly string[]
  /** All that it has printed so far, on both outputs. */
  log(): string
  /** Resolves when dev itself has ended. */
  readonly ended: Promise<DevEnding>
  /** Ctrl-C, or another signal, to dev alone. */
  stop(signal?: NodeJS.Signals): Promise<DevEnding>
}

/** A folder for the state of the running test, removed after it. */
export function makeState(atEnd: AtEnd = onTestFinished): string {
  const state = mkdtempSync(join(tmpdir(), 'sumdial-dev-'))
  atEnd(() => rmSync(state, { recursive: true, force: true, maxRetries: 5 }))
  return state
}

/**
 * Starts dev within a test and resolves when it says `ready`. After the test every process of it is killed.
 *
 * @throws with all that dev said when it ends before.
 */
export async function startDev(options: DevOptions, atEnd: AtEnd = onTestFinished): Promise<Dev> {
  const { state, databaseUrl, isFirstEver } = options
  if (databaseUrl === undefined && !isFirstEver) await copyEmbedded(state)
  const program = isFirstEver ? 'src/local/dev.ts' : await command('dev')
  const { child, processes, log, ended } = launch([program, ...argsOf(options)], databaseUrl, atEnd)
  const ready = new Promise<string>((resolve) => {
    child.stdout?.on('data', () => {
      const url = /^ready on (\S+)$/m.exec(log())?.[1]
      // Its last line: by then the commands are there too.
      if (url !== undefined && log().includes('Press Ctrl-C to stop everything.')) resolve(url)
    })
  })
  const url = await Promise.race([
    ready,
    ended.then(({ code }) => Promise.reject(new Error(`${code}: ${log()}`))),
  ])
  return {
    url,
    port: Number(new URL(url).port),
    processes,
    pid: child.pid ?? 0,
    commands: Array.from(log().matchAll(/^ +(curl .*)$/gm), ([, command = '']) => command),
    log,
    ended,
    async stop(signal = 'SIGINT') {
      await processes.list()
      child.kill(signal)
      return ended
    },
  }
}

/** Runs dev with arguments that it is to refuse. */
export async function runDev(args: readonly string[], databaseUrl?: string): Promise<DevEnding> {
  return launch([await command('dev'), ...args], databaseUrl).ended
}

function argsOf({ state, port = 0, host = '127.0.0.1', vars = {} }: DevOptions): string[] {
  const given = Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`])
  return ['--port', String(port), '--host', host, '--state', state, ...given]
}

/**
 * Keeps V8 from optimising PGlite's WebAssembly, which takes 4 s of processor time at each start and pays only for a dev that runs
 * for longer than a test. wrangler and the Worker do not get it.
 */
const QUICK_START = '--liftoff-only'

function launch(args: readonly string[], databaseUrl = '', atEnd: AtEnd = onTestFinished) {
  const child = spawn(process.execPath, [QUICK_START, ...args], {
    cwd: ROOT,
    env: cleanEnv(databaseUrl),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const processes = new ProcessTree(child.pid ?? 0)
  atEnd(() => processes.kill())
  const log = gather(child)
  const ended = once(child, 'close').then(([code]): DevEnding => ({ code, log: log() }))
  return { child, processes, log, ended }
}

function gather({ stdout, stderr }: ChildProcess): () => string {
  let text = ''
  const add = (chunk: Buffer) => {
    text += chunk
  }
  stdout?.on('data', add)
  stderr?.on('data', add)
  return () => text
}

/** A shell's, without what a test run adds (NODE_ENV, VITEST), which wrangler would build into the Worker. */
function cleanEnv(databaseUrl: string): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env
  return { PATH, HOME, TMPDIR, DATABASE_URL: databaseUrl }
}
