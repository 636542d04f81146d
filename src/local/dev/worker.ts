import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { passOnLog } from './worker-log.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** wrangler's own program, without the launcher in `bin` that would put another process before it. */
const WRANGLER = fileURLToPath(import.meta.resolve('wrangler'))
const GUARD = import.meta.resolve('./guard.ts')

/** How long wrangler may take to tidy up. Nothing is lost when it may not: what is acknowledged is on disk. */
const STOP_MS = 2_000

export interface WorkerOptions {
  readonly port: number
  readonly state: string
  /** Each `NAME:VALUE`. */
  readonly vars: readonly string[]
  /** Called when a workerd process has crashed, which wrangler replaces, not always with success. */
  readonly onCrash: () => void
}

/** wrangler with the Worker in it. Disposing of it ends it and its processes. */
export interface WorkerProcess extends AsyncDisposable {
  /** Resolves when wrangler has ended, whoever ended it. */
  readonly ended: Promise<void>
}

/** Starts `wrangler dev`, which answers some seconds later. Its log goes to this process's own output. */
export function startWorker(options: WorkerOptions): WorkerProcess {
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--import', GUARD, WRANGLER, ...wranglerArgs(options)],
    {
      cwd: ROOT,
      env: wranglerEnv(options.state),
      // A process group of its own: Ctrl-C in a terminal is for this process, which then ends wrangler in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  // Both are pipes; Node's types do not follow four of `stdio`.
  if (child.stdout !== null) passOnLog(child.stdout, process.stdout, options.onCrash)
  if (child.stderr !== null) passOnLog(child.stderr, process.stderr, options.onCrash)
  // When wrangler alone is killed, its workerd processes are still there, and keep the port.
  const endAll = () => killGroup(child.pid)
  process.once('exit', endAll)
  const ended = once(child, 'exit').then(() => {
    process.off('exit', endAll)
    endAll()
  })
  return {
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await Promise.race([ended, after(STOP_MS, undefined, { ref: false })])
      child.kill('SIGKILL')
      await ended
    },
  }
}

function wranglerArgs({ port, state, vars }: WorkerOptions): string[] {
  return [
    'dev',
    // No environment: without the empty name, wrangler warns that there are some.
    ...['--config', join(ROOT, 'wrangler.toml'), '--env='],
    ...['--ip', '127.0.0.1', '--port', String(port)],
    // 0 takes a free port, on 127.0.0.1 too; there is no way to have none.
    ...['--inspector-ip', '127.0.0.1', '--inspector-port', '0'],
    ...['--show-interactive-dev-session=false', '--log-level', 'log'],
    ...['--persist-to', join(state, 'worker')],
    ...vars.flatMap((text) => ['--var', text]),
  ]
}

/** This process's own, without the database's password, and with all that would call home or leave traces off. */
function wranglerEnv(state: string): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, ...rest } = process.env
  return {
    ...rest,
    // A .env is often another tool's, with the real DATABASE_URL in it. .dev.vars is read.
    CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG_PATH: join(state, 'tmp', 'wrangler.log'),
    WRANGLER_REGISTRY_PATH: join(state, 'tmp', 'registry'),
    // A killed workerd leaves folders in it, which the next start removes.
    TMPDIR: join(state, 'tmp'),
  }
}

function killGroup(leader: number | undefined): void {
  // It could not even be started.
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    // ESRCH: nobody is left in it. EPERM: macOS's answer when those left are dead already.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
