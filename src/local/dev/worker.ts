import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PLACEHOLDER_URL } from '../postgres.ts'
import { isLoopback } from './options.ts'
import { passOnLog } from './worker-log.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** wrangler's own program. The launcher in `bin` would add another process in front. */
const WRANGLER = fileURLToPath(import.meta.resolve('wrangler'))
const GUARD = import.meta.resolve('./guard.ts')

/** How long wrangler may take to tidy up. Killing it then loses nothing, because whatever was acknowledged is on disk. */
const STOP_MS = 2_000

export interface WorkerOptions {
  readonly port: number
  readonly host: string
  readonly state: string
  /** Values by name, each in place of a var of wrangler.toml. */
  readonly vars: ReadonlyMap<string, string>
  /** The Neon-compatible endpoint's address, with its path; undefined when the Worker connects to `databaseUrl`. */
  readonly endpointUrl: string | undefined
  /** A connection string with its password. */
  readonly databaseUrl: string | undefined
  /** Called when a workerd process has crashed. wrangler replaces it, but not always successfully. */
  readonly onCrash: () => void
}

/** wrangler, with the Worker inside. Disposing of this ends wrangler and all its processes. */
export interface WorkerProcess extends AsyncDisposable {
  /** Resolves when wrangler has ended, for whatever reason. */
  readonly ended: Promise<void>
}

/** Starts `wrangler dev`, which answers some seconds later. Its log goes to this process's output. */
export function startWorker(options: WorkerOptions): WorkerProcess {
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--import', GUARD, WRANGLER, ...wranglerArgs(options)],
    {
      cwd: ROOT,
      env: wranglerEnv(options),
      // A process group of its own, so that a terminal's Ctrl-C reaches only this process, which then ends wrangler in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  // Both are pipes, but Node's types do not know that when `stdio` has four entries.
  if (child.stdout !== null) passOnLog(child.stdout, process.stdout, options.onCrash)
  if (child.stderr !== null) passOnLog(child.stderr, process.stderr, options.onCrash)
  // When only wrangler is killed, its workerd processes stay and keep the port.
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

function wranglerArgs({ port, host, state, vars, endpointUrl }: WorkerOptions): string[] {
  const endpoint = endpointUrl && {
    DATABASE_URL: PLACEHOLDER_URL,
    NEON_FETCH_ENDPOINT: endpointUrl,
    // A binding HYPERDRIVE would come first.
    DATABASE_DRIVER: 'neon',
  }
  // Whoever can reach the Worker from elsewhere needs a token. [S1]
  const open = isLoopback(host) ? { DEV_ACCESS: 'open' } : {}
  const own = { ...endpoint, ...open }
  return [
    'dev',
    // The empty name is the top level. Without it, wrangler warns that there are environments.
    ...['--config', join(ROOT, 'wrangler.toml'), '--env='],
    ...['--ip', host, '--port', String(port)],
    // There is always an inspector: 0 gives it a free port.
    ...['--inspector-ip', '127.0.0.1', '--inspector-port', '0'],
    ...['--show-interactive-dev-session=false', '--log-level', 'log'],
    ...['--persist-to', join(state, 'worker')],
    // wrangler splits each at the first colon.
    ...[...vars, ...Object.entries(own)].flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ]
}

/**
 * This process's environment with everything off that calls home or leaves files. The database's password is in it only for a
 * Worker that connects by itself: guard.ts hands it on.
 */
function wranglerEnv({ state, databaseUrl }: WorkerOptions): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, ...rest } = process.env
  return {
    ...rest,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    // A binding HYPERDRIVE leads to the same Postgres, or is not used.
    CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE: databaseUrl ?? PLACEHOLDER_URL,
    // A .env often belongs to another tool and has a real DATABASE_URL in it. wrangler still reads .dev.vars.
    CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG_PATH: join(state, 'tmp', 'wrangler.log'),
    WRANGLER_REGISTRY_PATH: join(state, 'tmp', 'registry'),
    // A killed workerd leaves folders here, which the next start removes.
    TMPDIR: join(state, 'tmp'),
  }
}

function killGroup(leader: number | undefined): void {
  // There is no group when wrangler could not be started.
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    // ESRCH: the group has no process left. EPERM: macOS says so when those that are left are already dead.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
