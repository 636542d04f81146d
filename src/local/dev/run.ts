import { mkdir, rm, writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { CommandFailed } from '../cli.ts'
import { startNeonEndpoint } from '../neon/endpoint.ts'
import { nodeClock } from '../node-clock.ts'
import { ENDPOINT_FILE } from '../state.ts'
import type { DevDatabase } from './database.ts'
import { openDatabase } from './database.ts'
import { lockState } from './lock.ts'
import { isLoopback, type Options } from './options.ts'
import { findPort } from './port.ts'
import { askWorker, NEEDS_TOKENS, untilReady } from './ready.ts'
import { welcome } from './welcome.ts'
import { startWorker } from './worker.ts'

/**
 * From wrangler's start to the first answer. It takes 3 to 6 s on two cores, and more than a minute while the machine is very
 * busy. Should wrangler end before, nobody waits.
 */
const START_MS_MAX = 600_000

/** From a crash of workerd to the next answer. Measured: 1 s, and more while the machine is busy. */
const RECOVERY_MS_MAX = 60_000

/**
 * Starts everything, says so, and runs until the end. It always throws, after it has ended what it started in the opposite
 * order: the Worker, the endpoint, Postgres, the lock. An interrupt does not wait for a step that is under way, because no
 * step is hurt when the process ends.
 *
 * @throws CommandFailed when a part does not start, or ends by itself; or the reason of `interrupted`.
 */
export async function runDev(options: Options, interrupted: AbortSignal): Promise<never> {
  const { state, vars, host, database: choice } = options
  const end = Promise.withResolvers<never>()
  interrupted.addEventListener('abort', () => end.reject(interrupted.reason))
  const orEnd = <T>(work: Promise<T>): Promise<T> => Promise.race([work, end.promise])
  await using started = new AsyncDisposableStack()
  const port = await orEnd(findPort(options.port, host))
  started.use(await orEnd(takeState(state)))

  console.log('Starting Postgres...')
  const database = started.use(await orEnd(openDatabase(state, choice)))
  console.log('Migrating Postgres...')
  await orEnd(database.migrate())
  const endpointUrl = await startEndpoint(database, state, started)

  console.log('Starting the Worker...')
  const address = addressOf(host, port)
  const answersWithin = (withinMs: number) =>
    untilReady(
      (answerMsMax) => askWorker(address, answerMsMax, interrupted),
      { withinMs, clock: nodeClock, say: console.log },
      interrupted,
    )
  const worker = startWorker({
    port,
    host,
    state,
    vars,
    endpointUrl,
    databaseUrl: choice.kind === 'direct' ? choice.url : undefined,
    // wrangler 4.156 recovers when the Worker's workerd is killed, but hangs when its proxy's workerd is.
    onCrash: () => void answersWithin(RECOVERY_MS_MAX).catch(end.reject),
  })
  started.use(worker)
  void worker.ended.then(
    () => end.reject(new CommandFailed('wrangler has ended, so npm run dev stops. Start it again.')),
    end.reject,
  )
  const takesToken = await orEnd(answersWithin(START_MS_MAX))
  if (!isLoopback(host) && !takesToken) {
    throw new CommandFailed(
      `The Worker is open to everyone. ${NEEDS_TOKENS} Remove DEV_ACCESS from .dev.vars.`,
    )
  }
  console.log(welcome({ address, endpointUrl, database, takesToken }))
  return await end.promise
}

/** Where this machine reaches the Worker that listens on an address, which may be all of its addresses. */
function addressOf(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`
  return isIPv6(host) ? `http://[${host === '::' ? '::1' : host}]:${port}` : `http://${host}:${port}`
}

/** @returns the endpoint's address; undefined when the Worker itself connects to Postgres. */
async function startEndpoint(
  { backend }: DevDatabase,
  state: string,
  started: AsyncDisposableStack,
): Promise<string | undefined> {
  if (backend === undefined) return undefined
  const endpoint = await startNeonEndpoint({ backend })
  started.defer(() => endpoint.close())
  const file = join(state, ENDPOINT_FILE)
  await writeFile(file, endpoint.url)
  started.defer(() => rm(file, { force: true }))
  return endpoint.url
}

/** Locks the state folder, and empties the folder of temporary files in it. */
async function takeState(state: string): Promise<Disposable> {
  await mkdir(state, { recursive: true })
  const lock = lockState(state)
  await rm(join(state, 'tmp'), { recursive: true, force: true })
  await mkdir(join(state, 'tmp'))
  return lock
}
