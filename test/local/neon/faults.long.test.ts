import { PGlite } from '@electric-sql/pglite'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../../src/local/neon/pglite-backend.ts'
import { serveFaults } from '../../support/fault-control.ts'
import { createFaults } from '../../support/faults.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { BACKENDS, type BothBackends, type Stand, startBoth } from './both-backends.ts'

// PGlite alone needs seconds to start on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

/** Killed and started again here, so no other file has it. */
let server: TestPostgres
let both: BothBackends

beforeAll(async () => {
  server = await startPostgres()
  both = await startBoth(server)
  for (const name of BACKENDS) await both[name].sql`create table marks (n int)`
}, 60_000)
afterAll(async () => {
  await both?.stop()
  await server?.stop()
})

describe.for(BACKENDS)('on %s', (name) => {
  let stand: Stand
  const mark = (n: number) => stand.sql`insert into marks values (${n})`
  const marks = async () => (await stand.sql`select n from marks order by n`).rows.map((row) => row['n'])
  const ran = () => stand.faults.log.map(({ fault, isCopy, status }) => [fault, isCopy, status])

  beforeEach(async () => {
    stand = both[name]
    await stand.sql`truncate marks`
    stand.faults.clear()
  })
  afterEach(() => both[name].faults.clear())

  test('without a fault everything runs and is logged with its parameters', async () => {
    await mark(1)
    await expect(stand.sql`select 1 / 0`).rejects.toMatchObject({ code: '22012' })
    expect(stand.faults.log).toEqual([
      {
        statements: [{ text: 'insert into marks values ($1)', params: ['1'] }],
        fault: null,
        isCopy: false,
        status: 200,
      },
      { statements: [{ text: 'select 1 / 0', params: [] }], fault: null, isCopy: false, status: 400 },
    ])
  })

  test('a delayed statement runs late, and others pass it', async () => {
    stand.faults.inject({ kind: 'delay', ms: 100 })
    await Promise.all([mark(1), stand.sql`select 1`])
    expect(ran()).toEqual([
      [null, false, 200],
      ['delay', false, 200],
    ])
  })

  test('a refused statement fails in the driver as a lost connection does, and does not run', async () => {
    stand.faults.inject({ kind: 'refuse' })
    await expect(mark(1)).rejects.toThrow('Error connecting to database')
    expect(ran()).toEqual([['refuse', false, null]])
    expect(await marks()).toEqual([])
  })

  test('a statement whose answer is dropped fails in the driver, and has been committed', async () => {
    stand.faults.inject({ kind: 'drop-answer' })
    await expect(mark(1)).rejects.toThrow('Error connecting to database')
    expect(ran()).toEqual([['drop-answer', false, 200]])
    expect(await marks()).toEqual([1])
  })

  test('a statement answered 500 does not run', async () => {
    stand.faults.inject({ kind: 'answer-500' })
    await expect(mark(1)).rejects.toThrow('Server error (HTTP status 500)')
    expect(await marks()).toEqual([])
  })

  test.for(['40001', '53100', ''])('a statement answered with SQLSTATE %o does not run', async (code) => {
    stand.faults.inject({ kind: 'answer-sqlstate', code })
    await expect(mark(1)).rejects.toMatchObject({ name: 'NeonDbError', code, severity: 'ERROR' })
    expect(await marks()).toEqual([])
  })

  test('a copy arrives when it is released, after what ran meanwhile', async () => {
    stand.faults.inject({ kind: 'copy-later', match: /insert/ })
    await mark(1)
    await stand.sql`update marks set n = 2`
    await stand.faults.release()
    expect(await marks()).toEqual([1, 2])
    expect(ran().slice(0, 3)).toEqual([
      ['copy-later', false, 200],
      [null, false, 200],
      ['copy-later', true, 200],
    ])
    await stand.faults.release()
    expect(await marks()).toEqual([1, 2])
  })

  test('a copy arrives by itself after its time', async () => {
    stand.faults.inject({ kind: 'copy-later', afterMs: 20 })
    await stand.sql.transaction([mark(1), mark(2)])
    await expect.poll(marks).toEqual([1, 1, 2, 2])
  })

  test('a fault meets only the SQL that it matches, and only as often as it says', async () => {
    stand.faults.inject({ kind: 'answer-500', match: /MARKS values/i, times: 2 })
    stand.faults.inject({ kind: 'answer-sqlstate', code: '55P03', match: (sql) => sql.includes('delete') })
    expect(await marks()).toEqual([])
    await expect(mark(1)).rejects.toThrow('500')
    await expect(stand.sql.transaction([stand.sql`select 1`, mark(1)])).rejects.toThrow('500')
    await mark(3)
    await expect(stand.sql`delete from marks`).rejects.toMatchObject({ code: '55P03' })
    expect(await marks()).toEqual([3])
  })

  test('clear forgets faults and held copies', async () => {
    stand.faults.inject({ kind: 'copy-later' })
    await mark(1)
    stand.faults.inject({ kind: 'refuse', times: Number.POSITIVE_INFINITY })
    stand.faults.clear()
    await stand.faults.release()
    expect(await marks()).toEqual([1])
  })

  test('faults are injected, released, read and cleared over HTTP as well', async () => {
    const { url: control, close } = await serveFaults(stand.faults)
    onTestFinished(close)
    const post = (body: object, path = '/') =>
      fetch(control + path, { method: 'POST', body: JSON.stringify(body) })
    expect((await post({ kind: 'copy-later', match: 'INSERT into marks' })).status).toBe(200)
    expect((await post({ kind: 'refuse', match: 'truncate', times: null })).status).toBe(200)
    await mark(1)
    for (const _ of [1, 2]) await expect(stand.sql`truncate marks`).rejects.toThrow('Error connecting')
    await post({}, '/release')
    expect(await marks()).toEqual([1, 1])
    const { log } = (await (await fetch(control)).json()) as { log: unknown }
    expect(log).toEqual(JSON.parse(JSON.stringify(stand.faults.log)))
    await fetch(control, { method: 'DELETE' })
    expect(stand.faults.log).toEqual([])
    await stand.sql`truncate marks`
    expect((await post({ kind: 'no such fault' })).status).toBe(400)
    expect((await post({ kind: 'refuse', match: '(' })).status).toBe(400)
    expect((await fetch(control, { method: 'PUT' })).status).toBe(405)
  })

  test('a client that hangs up harms nobody else: its statement runs to its end', async () => {
    const hangUp = new AbortController()
    const arrived = Promise.withResolvers<void>()
    const match = (sql: string) => {
      if (sql.startsWith('insert')) arrived.resolve()
      return sql.startsWith('insert')
    }
    stand.faults.inject({ kind: 'delay', ms: 20, match })
    const options = { fetchOptions: { signal: hangUp.signal } }
    const gone = expect(stand.sql.query('insert into marks values (1)', [], options)).rejects.toThrow('abort')
    const others = Promise.all(Array.from({ length: 20 }, () => stand.sql`select 1 as n`))
    await arrived.promise
    hangUp.abort()
    await gone
    for (const { rows } of await others) expect(rows).toEqual([{ n: 1 }])
    await expect.poll(marks).toEqual([1])
  })
})

describe('a database that goes away', () => {
  test('in the middle of a statement is answered 400, out of reach 500, and is found again', async () => {
    const { sql, url } = both.postgres
    const ask = (query: string) =>
      fetch(url, {
        method: 'POST',
        body: JSON.stringify({ query }),
        headers: { 'neon-connection-string': 'any' },
      })
    const lost = ask('select pg_sleep(60)')
    const sleeping = sql`select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'`
    await expect.poll(async () => (await sleeping).rowCount).toBe(1)
    await server.kill()
    const answer = await lost
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: '', message: expect.any(String), detail: null })
    const refused = await ask('select 1')
    expect(refused.status).toBe(500)
    expect(await refused.json()).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
    await server.start()
    expect((await sql`select 1 as back`).rows).toEqual([{ back: 1 }])
  })

  test('by an administrator is answered with the code that Postgres gives', async () => {
    const { sql } = both.postgres
    const ended = sql`select pg_terminate_backend(pg_backend_pid())`
    await expect(ended).rejects.toMatchObject({ code: '57P01', severity: 'FATAL' })
    expect((await sql`select 1 as n`).rows).toEqual([{ n: 1 }])
  })

  test('by being closed is answered 500 by PGlite too', async () => {
    const db = await PGlite.create()
    const { url, close } = await startNeonEndpoint({ backend: pgliteBackend(db) })
    await db.close()
    const headers = { 'neon-connection-string': 'any' }
    const answer = await fetch(url, { method: 'POST', body: '{"query":"select 1"}', headers })
    expect([answer.status, await answer.json()]).toEqual([500, expect.objectContaining({ code: '' })])
    await close()
  })
})

describe('an endpoint', () => {
  const backend = { query: async () => Promise.reject(new Error('a bug')), batch: async () => [] }
  const request = {
    method: 'POST',
    body: '{"query":"select 1"}',
    headers: { 'neon-connection-string': 'any' },
  }

  test('closes at once, a delayed request included, and that request never runs', async () => {
    const faults = createFaults()
    const { url, close } = await startNeonEndpoint({ backend, around: faults.around })
    const arrived = Promise.withResolvers<void>()
    const match = () => {
      arrived.resolve()
      return true
    }
    faults.inject({ kind: 'delay', ms: 3_600_000, match })
    const answer = fetch(url, request)
    answer.catch(() => {})
    await arrived.promise
    await close()
    await expect(answer).rejects.toThrow('fetch failed')
    expect(faults.log.map(({ status }) => status)).toEqual([null])
  })
})
