import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { startLossyProxy } from '../../support/lossy-proxy.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { IS_THOROUGH } from '../../support/thorough.ts'

const CONNECTIONS = 3

let server: TestPostgres
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())

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
  /** One statement, whose client waits for so long. */
  const ask = async (query: string, patienceMs = 20_000): Promise<number | 'timeout'> => {
    try {
      const answer = await fetch(endpoint.url, {
        method: 'POST',
        body: JSON.stringify({ query }),
        headers: { 'neon-connection-string': 'any' },
        signal: AbortSignal.timeout(patienceMs),
      })
      await answer.text()
      return answer.status
    } catch (error) {
      if (error instanceof DOMException && error.name === 'TimeoutError') return 'timeout'
      throw error
    }
  }
  return { proxy, ask }
}

const all = <T>(times: number, run: () => Promise<T>) => Promise.all(Array.from({ length: times }, run))

/** Waits for `count` statements of this name to be running in PostgreSQL. */
async function untilRunning(count: number, name: string): Promise<void> {
  const client = new pg.Client(server.url)
  await client.connect()
  onTestFinished(() => client.end())
  const running = "select 1 from pg_stat_activity where state = 'active' and query like $1"
  await expect
    .poll(async () => (await client.query(running, [`%/* ${name} */`])).rowCount, { timeout: 10_000 })
    .toBe(count)
}

describe('half-open connections', () => {
  test('are given up when their clients give up: the next statement is answered at once', async () => {
    const { proxy, ask } = await startStand()
    expect(await all(CONNECTIONS, () => ask('select pg_sleep(0.1)'))).toEqual(Array(CONNECTIONS).fill(200))
    proxy.lose()
    expect(await all(2 * CONNECTIONS, () => ask('select 1', 1_200))).not.toContain(200)
    proxy.heal()
    expect(await ask('select 1', 3_000)).toBe(200)
  })

  test('that are idle cost one statement, not one each', async () => {
    const { proxy, ask } = await startStand()
    expect(await all(CONNECTIONS, () => ask('select pg_sleep(0.1)'))).toEqual(Array(CONNECTIONS).fill(200))
    proxy.lose()
    proxy.heal()
    expect(await ask('select 1', 1_200)).toBe('timeout')
    expect(await ask('select 1', 3_000)).toBe(200)
  })

  test('are given up when nobody gives up: Postgres has its time, and then the answer is ambiguous', async () => {
    const { proxy, ask } = await startStand(3_000)
    const waiting = all(CONNECTIONS, () => ask('select pg_sleep(30) /* waits */'))
    await untilRunning(CONNECTIONS, 'waits')
    proxy.lose()
    // A connection that was lost is a 400 with an empty code, which the Worker takes for ambiguous.
    expect(await waiting).toEqual(Array(CONNECTIONS).fill(400))
    proxy.heal()
    expect(await ask('select 1', 3_000)).toBe(200)
  })
})

test('a statement whose client has gone is cancelled in PostgreSQL', async () => {
  const { ask } = await startStand()
  const asked = ask('select pg_sleep(60) /* abandoned */', 500)
  await untilRunning(1, 'abandoned')
  expect(await asked).toBe('timeout')
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
  }).listen(0, '127.0.0.1')
  await once(dying, 'listening')
  const address = dying.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const pool = new pg.Pool({ connectionString: `postgresql://u@127.0.0.1:${address.port}/d`, max: 1 })
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

test.runIf(IS_THOROUGH)(
  'backends that are ended again and again fail their statements, and the next ones are answered',
  async () => {
    const { ask } = await startStand()
    const client = new pg.Client(server.url)
    await client.connect()
    onTestFinished(() => client.end())
    let isOver = false
    const ending = (async () => {
      while (!isOver) {
        await client.query(
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
  },
)

async function askOften(ask: (query: string) => Promise<number | 'timeout'>) {
  const statuses: (number | 'timeout')[] = []
  for (let n = 0; n < 100; n += 1) statuses.push(await ask('select 1'))
  return statuses
}
