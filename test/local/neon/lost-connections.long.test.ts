import { createServer, type Socket } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { listenLocally } from '../../support/listen.ts'
import { startLossyProxy } from '../../support/lossy-proxy.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'

const CONNECTIONS = 3

let server: TestPostgres
/** Sees what PostgreSQL runs. */
let watcher: pg.Client
beforeAll(async () => {
  server = await startPostgres()
  watcher = new pg.Client(server.url)
  await watcher.connect()
})
afterAll(async () => {
  await watcher?.end()
  await server?.stop()
})

type Ask = (query: string, patience?: number | AbortSignal) => Promise<number | 'timeout' | 'gone'>

/** An endpoint whose connections to PostgreSQL go through a proxy that can lose them. */
async function startStand(answerMsMax?: number) {
  const proxy = await startLossyProxy(server.port)
  const pool = new pg.Pool({
    connectionString: server.url.replace(`:${server.port}`, `:${proxy.port}`),
    max: CONNECTIONS,
    connectionTimeoutMillis: 8_000,
  })
  const endpoint = await startNeonEndpoint({ backend: pgBackend(pool, answerMsMax) })
  onTestFinished(async () => {
    await endpoint.close()
    await pool.end()
    await proxy.close()
  })
  /** One statement, whose client waits for so long, or until it is told to go. */
  const ask: Ask = async (query, patience = 20_000) => {
    try {
      const answer = await fetch(endpoint.url, {
        method: 'POST',
        body: JSON.stringify({ query }),
        headers: { 'neon-connection-string': 'any' },
        signal: typeof patience === 'number' ? AbortSignal.timeout(patience) : patience,
      })
      await answer.text()
      return answer.status
    } catch (error) {
      if (error instanceof DOMException && error.name === 'TimeoutError') return 'timeout'
      if (error instanceof DOMException && error.name === 'AbortError') return 'gone'
      throw error
    }
  }
  return { proxy, ask }
}

/**
 * How long a client waits for an answer that comes at once: three seconds, and more where new connections are slow, as on a busy
 * machine. A statement on a lost connection takes longer, whatever the machine does.
 *
 * @param newMs what the first statements took, each of which had a connection made.
 */
const atOnceMs = (newMs: number) => Math.min(3_000 + Math.round(3 * newMs), 10_000)

const all = <T>(times: number, run: () => Promise<T>) => Promise.all(Array.from({ length: times }, run))

/** Has all connections made. @returns how long it took, in milliseconds. */
async function connectAll(ask: Ask): Promise<number> {
  const beganMs = performance.now()
  expect(await all(CONNECTIONS, () => ask('select pg_sleep(0.1)'))).toEqual(Array(CONNECTIONS).fill(200))
  return performance.now() - beganMs
}

/** Waits for `count` statements of this name to be running in PostgreSQL. */
async function untilRunning(count: number, name: string): Promise<void> {
  const running = "select 1 from pg_stat_activity where state = 'active' and query like $1"
  await expect.poll(async () => (await watcher.query(running, [`%/* ${name} */`])).rowCount).toBe(count)
}

describe('half-open connections', () => {
  test('are given up when their clients give up: the next statement is answered at once', async () => {
    const { proxy, ask } = await startStand()
    const newMs = await connectAll(ask)
    // New connections get through at once, because one that was made before would be lost as well, and hold its place for 8 s.
    proxy.lose()
    proxy.heal()
    expect(await all(CONNECTIONS, () => ask('select 1', 1_200))).toEqual(Array(CONNECTIONS).fill('timeout'))
    expect(await ask('select 1', atOnceMs(newMs))).toBe(200)
  })

  test('that are idle cost one statement, not one each', async () => {
    const { proxy, ask } = await startStand()
    const newMs = await connectAll(ask)
    proxy.lose()
    proxy.heal()
    expect(await ask('select 1', 1_200)).toBe('timeout')
    expect(await ask('select 1', atOnceMs(newMs))).toBe(200)
  })

  test('are given up when nobody gives up: Postgres has its time, and then the answer is ambiguous', async () => {
    const { proxy, ask } = await startStand(3_000)
    const newMs = await connectAll(ask)
    const waiting = all(CONNECTIONS, () => ask('select pg_sleep(30) /* waits */'))
    await untilRunning(CONNECTIONS, 'waits')
    proxy.lose()
    // A connection that was lost is a 400 with an empty code, which the Worker takes for ambiguous.
    expect(await waiting).toEqual(Array(CONNECTIONS).fill(400))
    proxy.heal()
    expect(await ask('select 1', atOnceMs(newMs))).toBe(200)
  })
})

test('a statement whose client has gone is cancelled in PostgreSQL', async () => {
  const { ask } = await startStand()
  const leaving = new AbortController()
  const asked = ask('select pg_sleep(60) /* abandoned */', leaving.signal)
  await untilRunning(1, 'abandoned')
  leaving.abort()
  expect(await asked).toBe('gone')
  await untilRunning(0, 'abandoned')
})

test('a process that ends in the packet that makes its connection ready fails one statement, and not this process', async () => {
  const message = (type: string, ...parts: (string | number)[]) => {
    const body = Buffer.concat(
      parts.map((part) => {
        if (typeof part === 'string') return Buffer.from(part, 'latin1')
        const number = Buffer.alloc(4)
        number.writeInt32BE(part)
        return number
      }),
    )
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    return Buffer.concat([Buffer.from(type), length, body])
  }
  const ended = message('E', 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')
  const ready = [message('R', 0), message('K', 1, 2), message('Z', 'I')]
  const sockets = new Set<Socket>()
  const dying = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([...ready, ended])))
  })
  const port = await listenLocally(dying)
  const pool = new pg.Pool({ connectionString: `postgresql://u@127.0.0.1:${port}/d`, max: 1 })
  onTestFinished(async () => {
    await pool.end()
    for (const socket of sockets) socket.destroy()
    dying.close()
  })
  const backend = pgBackend(pool)
  for (const _ of [1, 2, 3]) {
    const query = backend.query({ text: 'select 1', params: [] })
    await expect(query).rejects.toMatchObject({ name: 'BackendError', kind: 'lost' })
  }
})

test('backends that are ended again and again fail their statements, and the next ones are answered', async () => {
  const { ask } = await startStand()
  let isOver = false
  const ending = (async () => {
    while (!isOver) {
      await watcher.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = $1',
        ['client backend'],
      )
    }
  })()
  const statuses = new Set((await all(CONNECTIONS, () => askOften(ask))).flat())
  isOver = true
  await ending
  expect([...statuses].filter((status) => ![200, 400, 500].includes(Number(status)))).toEqual([])
  expect(await ask('select 1')).toBe(200)
})

async function askOften(ask: Ask) {
  const statuses: Awaited<ReturnType<Ask>>[] = []
  for (let n = 0; n < 100; n += 1) statuses.push(await ask('select 1'))
  return statuses
}
