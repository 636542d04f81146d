import { neon } from '@neondatabase/serverless'
import { sql as fragment } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/neon-http'
import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { BACKENDS, type BothBackends, startBoth } from './both-backends.ts'

vi.setConfig({ testTimeout: 30_000 })

let both: BothBackends

beforeAll(async () => {
  both = await startBoth()
}, 60_000)
afterAll(() => both.stop())

describe.for(BACKENDS)('on %s', (name) => {
  test('rows come as arrays or as objects, and values parsed, as the driver is told', async () => {
    const sql = neon(both[name].connection)
    const text =
      "select 7 as n, true as yes, 12345678901234567890::numeric as big, '{1,2}'::int[] as list, '\\x01'::bytea as b"
    const row = { n: 7, yes: true, big: '12345678901234567890', list: [1, 2], b: Buffer.from([1]) }
    expect(await sql.query(text)).toEqual([row])
    expect(await sql.query(text, [], { arrayMode: true })).toEqual([Object.values(row)])
  })

  test('a batch is one transaction, and its first error leaves nothing of it behind', async () => {
    const { sql } = both[name]
    await sql`create table ledger (n int primary key)`
    const results = await sql.transaction([
      sql`insert into ledger values (1)`,
      sql`select txid_current() = txid_current() as same`,
    ])
    expect(results.map(({ command, rowCount }) => [command, rowCount])).toEqual([
      ['INSERT', 1],
      ['SELECT', 1],
    ])
    const failing = sql.transaction([sql`insert into ledger values (2)`, sql`insert into ledger values (1)`])
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect((await sql`select n from ledger`).rows).toEqual([{ n: 1 }])
    expect((await sql`insert into ledger values (2)`).rowCount).toBe(1)
  })

  test('a batch begins its transaction as its headers say', async () => {
    const { sql } = both[name]
    const mode = { isolationLevel: 'Serializable', readOnly: true, deferrable: true } as const
    const settings = ['transaction_isolation', 'transaction_read_only', 'transaction_deferrable']
    const show = (options: object) =>
      sql.transaction(
        settings.map((setting) => sql.query(`show ${setting}`)),
        options,
      )
    const values = (results: { rows: Record<string, unknown>[] }[]) =>
      results.flatMap(({ rows }) => rows.flatMap(Object.values))
    expect(values(await show(mode))).toEqual(['serializable', 'on', 'on'])
    expect(values(await show({}))).toEqual(['read committed', 'off', 'off'])
    const write = sql.transaction([sql`create table unwritten ()`], { readOnly: true })
    await expect(write).rejects.toMatchObject({ code: '25006' })
    await expect(show({ isolationLevel: 'Chaos' })).rejects.toThrow('invalid isolation level')
  })

  test('an empty batch is answered by no results', async () => {
    expect(await both[name].sql.transaction([])).toEqual([])
  })

  test('a lone begin does not swallow the statements that follow it', async () => {
    const { sql } = both[name]
    await sql`begin`
    await sql`create table kept as select 1 as n`
    await expect(sql`select 1 / 0`).rejects.toMatchObject({ code: '22012' })
    expect((await sql`select n from kept`).rows).toEqual([{ n: 1 }])
  })

  test('fifty statements at once each get their own answer', async () => {
    const { sql } = both[name]
    const numbers = Array.from({ length: 50 }, (_, i) => i)
    const answers = await Promise.all(
      numbers.map((n) =>
        n % 10 === 9 ? sql.transaction([sql`select ${n}::int as n`]) : sql`select ${n}::int as n`,
      ),
    )
    expect(answers.flat().map(({ rows }) => rows)).toEqual(numbers.map((n) => [{ n }]))
  })

  test('arrays of 10,000 elements go through unnest as one parameter each', async () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `site/"${i}"\\`)
    const sums = keys.map((_, i) => 2n ** 60n + BigInt(i))
    const { rows } = await both[name].sql`
      select count(*) as n, sum(s) as total, max(k collate "C") as last from unnest(${keys}::text[], ${sums}::numeric[]) as t(k, s)`
    const total = sums.reduce((a, b) => a + b)
    expect(rows).toEqual([{ n: '10000', total: String(total), last: 'site/"9999"\\' }])
  })

  test('drizzle executes, queries and batches through it', async () => {
    const db = drizzle(neon(both[name].connection))
    const notes = pgTable('notes', { key: text('key').primaryKey(), n: bigint('n', { mode: 'bigint' }) })
    await db.execute(fragment`create table notes (key text primary key, n bigint)`)
    const inserted = await db.execute(
      fragment`insert into notes select * from unnest(${fragment.param(['a', 'b'])}::text[], ${fragment.param([1n, 2n ** 62n])}::bigint[])`,
    )
    expect(inserted).toMatchObject({ command: 'INSERT', rowCount: 2 })
    const [rows, gone] = await db.batch([
      db.select().from(notes).orderBy(notes.key),
      db.delete(notes).returning({ key: notes.key }),
    ])
    expect(rows).toEqual([
      { key: 'a', n: 1n },
      { key: 'b', n: 2n ** 62n },
    ])
    expect(gone).toHaveLength(2)
    const failed = db.execute(fragment`select * from nowhere`)
    await expect(failed).rejects.toMatchObject({ cause: { code: '42P01' } })
  })
})

describe('a request by hand', () => {
  const headers = { 'neon-connection-string': 'postgresql://any@thing/db' }
  const post = (body: string, more: Record<string, string> = {}) =>
    fetch(both.pglite.url, { method: 'POST', body, headers: { ...headers, ...more } })

  test('gets numbers, booleans, objects and arrays as parameters, as Neon reads them', async () => {
    const params = [7, true, { a: [1] }, ['x "y"', null, 2, [true]]]
    const response = await post(
      JSON.stringify({ query: 'select $1::text a, $2::text b, $3::text c, $4::text d', params }),
    )
    expect(await response.json()).toMatchObject({
      rows: [{ a: '7', b: 'true', c: '{"a":[1]}', d: '{"x \\"y\\"",NULL,2,{true}}' }],
    })
  })

  test('without Neon-Raw-Text-Output gets JSON values where JSON has the type', async () => {
    const query = `select true as b, 1::int2 as i, 1.5::float4 as f, 'NaN'::float8 as nan, '{"a":1}'::jsonb as j,
      9::int8 as big, 1.10::numeric as num, '{1,NULL}'::int[] as list, '{9}'::int8[] as bigs, '2026-01-01'::date as d, null as nil`
    const { rows } = (await (await post(JSON.stringify({ query }))).json()) as { rows: unknown[] }
    expect(rows).toEqual([
      {
        b: true,
        i: 1,
        f: 1.5,
        nan: 'NaN',
        j: { a: 1 },
        big: '9',
        num: '1.10',
        list: [1, null],
        bigs: ['9'],
        d: '2026-01-01',
        nil: null,
      },
    ])
  })

  test('may ask for arrays by header or by statement', async () => {
    const query = { query: 'select 1 as a' }
    const body = JSON.stringify({ queries: [query, { ...query, arrayMode: false }] })
    const { results } = (await (await post(body, { 'neon-array-mode': 'true' })).json()) as {
      results: unknown[]
    }
    expect(results).toMatchObject([
      { rows: [[1]], rowAsArray: true },
      { rows: [{ a: 1 }], rowAsArray: false },
    ])
  })

  test.for([
    ['no JSON', '{"query":'],
    ['no query', '{}'],
    ['a query that is no text', '{"query":1}'],
    ['a NUL in the query', JSON.stringify({ query: 'select 1\0' })],
    ['parameters that are no list', '{"query":"select 1","params":{}}'],
    [
      'more parameters than Postgres counts',
      JSON.stringify({ query: 'select 1', params: Array(65_536).fill(1) }),
    ],
  ] as const)('with %s is refused with 400 and a message', async ([, body]) => {
    const response = await post(body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ message: expect.any(String) })
  })

  test('without a connection string is refused, so that no web page can ask', async () => {
    const response = await fetch(both.pglite.url, { method: 'POST', body: '{"query":"select 1"}' })
    expect(response.status).toBe(400)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('to another path or by another method gets 404 or 405 and a message', async () => {
    const elsewhere = await fetch(both.pglite.url.replace('/sql', '/'), {
      method: 'POST',
      body: '{}',
      headers,
    })
    const get = await fetch(both.pglite.url, { headers })
    expect([elsewhere.status, get.status]).toEqual([404, 405])
    expect(await elsewhere.json()).toEqual({ message: expect.any(String) })
    expect(await get.json()).toEqual({ message: expect.any(String) })
  })

  test('larger than 64 MB gets 413, and the endpoint lives on', async () => {
    const response = await post(JSON.stringify({ query: 'select 1', params: ['x'.repeat(64 * 1024 * 1024)] }))
    expect(response.status).toBe(413)
    expect((await post('{"query":"select 1"}')).status).toBe(200)
  })
})
