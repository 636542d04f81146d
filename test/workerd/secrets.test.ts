import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { errorHandler } from '../../src/edge/http/on-error.ts'
import { log } from '../../src/log.ts'
import { count, faults, freshKey, ownShard, query, ring } from './support.ts'
import { ask, BROKEN, envWith, postJson, SECRET, sha256, textOf } from './tokens.ts'

const tokens = {
  web: { scopes: ['write'], prefix: 'site/acme' },
  ops: { scopes: ['read', 'admin'] },
} as const

const IN_ADDRESS = {
  web: `/increment?access_token=${textOf('web')}`,
  ops: `/increment?access_token=${textOf('ops')}`,
}

describe('a failing request', async () => {
  let logged: unknown[] = []

  beforeEach(() => {
    logged = []
    for (const level of ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const) {
      vi.spyOn(console, level).mockImplementation((...args) => void logged.push(...args))
    }
  })

  afterEach(async () => {
    vi.restoreAllMocks()
    await faults.clear()
  })

  const item = (more: object = {}) => ({ key: `site/acme/${SECRET}`, ...more })
  const hashes = await Promise.all(['web', 'ops'].map((name) => sha256(textOf(name))))

  const failures: [string, object, string | undefined, string, () => RequestInit, number][] = [
    ['an unknown token', {}, SECRET, '/status', () => ({}), 401],
    ['a password', {}, undefined, '/status', () => ({ headers: { authorization: `Basic ${SECRET}` } }), 401],
    [
      'an unknown token in the address',
      {},
      undefined,
      `/increment?access_token=${SECRET}`,
      () => postJson(item()),
      401,
    ],
    [
      'a token in the address of another route',
      {},
      undefined,
      `/status?access_token=${textOf('ops')}`,
      () => ({}),
      401,
    ],
    ['a wide token in the address', {}, undefined, IN_ADDRESS.ops, () => postJson(item()), 403],
    [
      'bad items and a token in the address',
      {},
      undefined,
      IN_ADDRESS.web,
      () => postJson({ key: SECRET }),
      403,
    ],
    [
      'broken JSON and a token in the address',
      {},
      undefined,
      IN_ADDRESS.web,
      () => postJson(`{"key":"${SECRET}`),
      400,
    ],
    [
      'two tokens in the address',
      {},
      undefined,
      `${IN_ADDRESS.web}&access_token=${SECRET}`,
      () => postJson(item()),
      422,
    ],
    [
      'no shard, with a token in the address',
      { SHARD: BROKEN },
      undefined,
      IN_ADDRESS.web,
      () => postJson(item()),
      503,
    ],
    [
      'no route, with a token in the address',
      {},
      'ops',
      `/nothing?access_token=${textOf('web')}`,
      () => ({}),
      404,
    ],
    ['a scope that is missing', {}, 'ops', '/increment', () => postJson(item()), 403],
    ['a key outside the prefix', {}, 'web', '/increment', () => postJson({ key: SECRET }), 403],
    ['a key that may not be read', {}, 'web', `/counters/${SECRET}`, () => ({}), 403],
    ['JSON that breaks off', {}, 'web', '/increment', () => postJson(`{"key":"${SECRET}`), 400],
    ['bad items', {}, 'web', '/increment', () => postJson([item({ id: SECRET }), item({ at: SECRET })]), 422],
    ['a bad decision', {}, 'ops', '/parked/retry', () => postJson({ shard: SECRET }), 422],
    ['a shard that cannot be had', { SHARD: BROKEN }, 'web', '/increment', () => postJson(item()), 503],
    ['a shard that cannot be read', { SHARD: BROKEN }, 'ops', `/counters/${SECRET}`, () => ({}), 503],
    [
      'a limit that fails',
      { RATE_LIMIT: { limit: () => Promise.reject(new Error(SECRET)) } },
      'ops',
      '/nothing',
      () => ({}),
      404,
    ],
    [
      'faulty tokens',
      { API_TOKENS: `[{"name":"${SECRET}","sha256":"${SECRET}"}]` },
      'web',
      '/status',
      () => ({}),
      500,
    ],
    [
      'a faulty connection string',
      { DATABASE_URL: `mysql://u:${SECRET}@h/d` },
      'web',
      '/status',
      () => ({}),
      500,
    ],
  ]

  test.each(failures)(
    'tells nothing secret in its answer or the log: %s',
    async (_, more, token, path, init, status) => {
      const DATABASE_URL = `postgresql://sumdial:${SECRET}@localhost/sumdial`
      const worker = await envWith(tokens, { DATABASE_URL, ...more })
      await expectNothingSecret(await ask(worker, token, path, init()), status)
    },
  )

  test.each([
    { kind: 'refuse' },
    { kind: 'answer-500' },
    { kind: 'answer-sqlstate', code: '22P02' },
    { kind: 'answer-sqlstate', code: '28P01' },
  ])('tells nothing secret in its answer or the log: $kind $code of Postgres', async (fault) => {
    const worker = await envWith(tokens, { DATABASE_URL: `postgresql://sumdial:${SECRET}@localhost/sumdial` })
    for (const path of [`/counters/${SECRET}?consistency=committed`, '/status?ledger=1']) {
      await faults.inject({ ...fault, match: 'select' })
      await expectNothingSecret(await ask(worker, 'ops', path), 503)
    }
    expect(logged).not.toEqual([])
  })

  test('tells nothing secret in its answer or the log: a bug that quotes what it choked on', async () => {
    const context = { req: { url: 'http://sumdial.test/increment' } }
    await expectNothingSecret(
      errorHandler(log)(new SyntaxError(`Unexpected token 'h', "${SECRET}"`), context as never),
      500,
    )
    expect(JSON.stringify(logged)).toMatch(/SyntaxError.*secrets\.test\.ts/)
  })

  /** A trigger of the user's that says what it refuses: in its message, its detail and its hint. */
  async function withTellingTrigger(errcode: string, body: () => Promise<void>): Promise<void> {
    await query(
      `create function sumdial.tell() returns trigger language plpgsql as $$ begin
         if new.key like '%${SECRET}%' then
           raise exception 'refused % of %', new.key, new.sum using errcode = '${errcode}', detail = new.key, hint = new.key;
         end if;
         return new;
       end $$`,
      [],
    )
    await query(
      'create trigger tell before insert on sumdial.counters for each row execute function sumdial.tell()',
      [],
    )
    try {
      await body()
    } finally {
      await query('drop function sumdial.tell() cascade', [])
    }
  }

  test.each(['23514', '22003', 'P0001', '28P01'])(
    'of a shard tells no key and no value: Postgres answers %s and quotes them',
    async (errcode) => {
      const shard = ownShard()
      const key = `${freshKey()}/${SECRET}`
      await withTellingTrigger(errcode, async () => {
        await count({ key, value: 777_123_777, at: shard.at })
        for (let i = 0; i < 3; i++) await ring(shard)
      })
      const told = logged.map(inspect).join('\n')
      expect(told).toMatch(new RegExp(`"(parked|flush failed)".*"SQLSTATE ${errcode}"`))
      for (const secret of [SECRET, key, '777123777', 'insert into', 'sumdial:sumdial', 'claim']) {
        expect(told).not.toContain(secret)
      }
    },
  )

  test.each([{ kind: 'refuse' }, { kind: 'drop-answer' }, { kind: 'answer-500' }, { kind: 'copy-later' }])(
    'or one that does not, of a shard tells no key: $kind',
    async (fault) => {
      const shard = ownShard()
      const key = `${freshKey()}/${SECRET}`
      await faults.inject(fault)
      await count({ key, at: shard.at })
      await ring(shard)
      const told = logged.map(inspect).join('\n')
      expect(told).toContain(`"shard":"${shard.name}"`)
      expect(told).not.toContain(SECRET)
    },
  )

  test('that was not counted has one line, with how much of it; one that was has none', async () => {
    const worker = await envWith(tokens, { SHARD: BROKEN })
    const items = [item(), item(), item()]
    // Shards of other tests may still flush, and say so.
    const lines = () => logged.filter((line) => !JSON.stringify(line).includes('"shard":'))
    expect((await ask(worker, 'web', '/increment', postJson(items))).status).toBe(503)
    expect(lines()).toEqual([
      expect.objectContaining({
        message: 'not all counted',
        items: 3,
        refused: 0,
        unknown: 3,
        shards: [expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\dZ\/0$/)],
        reasons: ['no such object'],
      }),
    ])
    logged = []
    expect((await ask(await envWith(tokens), 'web', '/increment', postJson(items))).status).toBe(202)
    expect(lines()).toEqual([])
  })

  test('by what a shard itself threw tells its name alone, in the answer and in the log', async () => {
    const choked = { merge: () => Promise.reject(Object.assign(new SyntaxError(SECRET), { remote: true })) }
    const worker = await envWith(tokens, { SHARD: { getByName: () => choked } })
    await expectNothingSecret(await ask(worker, 'web', '/increment', postJson(item())), 503)
    expect(JSON.stringify(logged)).toContain('the shard threw SyntaxError')
  })

  async function expectNothingSecret(response: Response, status: number): Promise<void> {
    const told = [await response.text(), JSON.stringify([...response.headers]), ...logged.map(inspect)].join(
      '\n',
    )
    expect(response.status, told).toBe(status)
    for (const secret of [SECRET, textOf('web'), textOf('ops'), ...hashes]) expect(told).not.toContain(secret)
  }

  /** As the log would have it: an Error's own fields are not enumerable. */
  function inspect(line: unknown): string {
    return line instanceof Error ? `${line.stack}\n${line.message}` : JSON.stringify(line)
  }
})
