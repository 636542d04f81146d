import { describe, expect, test, vi } from 'vitest'
import { RATE_RETRY_SECONDS } from '../../src/limits.ts'
import { call, env, freshKey, ownShard, ring, rowOf } from './support.ts'
import { ask, BROKEN, bodyOf, envWith, postJson } from './tokens.ts'

const PAGE = 'https://page.test'
const tokens = {
  web: { scopes: ['write'], prefix: 'site/acme' },
  ops: { scopes: ['read', 'admin'] },
} as const

describe('every answer', () => {
  const asks: [string, () => Promise<Response>][] = [
    ['a count', () => call('/increment', postJson({ key: freshKey() }))],
    ['an answer', () => call('/status')],
    ['what is not told as JSON', () => call('/metrics')],
    ['what hono made', () => call('/session')],
    ['a refusal', () => call('/increment', postJson('{'))],
    ['what is not there', () => call('/nothing')],
    ['another method', () => call('/status', { method: 'DELETE' })],
    ['HEAD', () => call('/status', { method: 'HEAD' })],
    ['no token', async () => ask(await envWith(tokens), undefined, '/status')],
    ['no tokens at all', async () => ask(await envWith({}), undefined, '/status')],
    ['a faulty configuration', async () => ask(await envWith(tokens, { SHARDS: 'x' }), 'ops', '/status')],
    [
      'a shard that cannot be had',
      async () =>
        ask(await envWith(tokens, { SHARD: BROKEN }), 'web', '/increment', postJson({ key: 'site/acme' })),
    ],
    [
      'a shard that cannot be asked',
      async () => ask(await envWith(tokens, { SHARD: BROKEN }), 'ops', `/hours/${ownShard().hour}`),
    ],
    [
      'a preflight',
      async () =>
        ask(await envWith(tokens, { ALLOWED_ORIGINS: PAGE }), undefined, '/status', preflight(PAGE)),
    ],
  ]

  test.each(asks)('has the headers that keep a browser from doing more than it must: %s', async (_, send) => {
    const { headers } = await send()
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
    })
  })
})

test('HEAD is answered as GET is, but for the body; a method of nobody is not', async () => {
  const [get, head, other] = await Promise.all(
    ['GET', 'HEAD', 'PROPFIND'].map((method) => call('/session', { method })),
  )
  expect([get?.status, head?.status, other?.status]).toEqual([200, 200, 405])
  expect(await head?.text()).toBe('')
  expect(other?.headers.get('allow')).toBe('GET, POST, DELETE')
})

const preflight = (origin: string): RequestInit => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  },
})

describe('a page', async () => {
  const worker = await envWith(tokens, { ALLOWED_ORIGINS: `${PAGE}, http://localhost:5173` })

  test('of an allowed origin is told what it may send, without a token', async () => {
    const response = await ask(worker, undefined, '/increment', preflight(PAGE))
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization,content-encoding,content-type,idempotency-key',
      vary: expect.stringContaining('Origin'),
    })
    expect(response.headers.has('access-control-allow-credentials')).toBe(false)
  })

  test('of an allowed origin reads answers, refusals too, and when to come again', async () => {
    for (const [token, status] of [
      ['web', 202],
      ['ops', 403],
      [undefined, 401],
    ] as const) {
      const init = postJson({ key: 'site/acme' }, { origin: PAGE })
      const response = await ask(worker, token, '/increment', init)
      expect(response.status).toBe(status)
      expect(response.headers.get('access-control-allow-origin')).toBe(PAGE)
      expect(response.headers.get('access-control-expose-headers')).toBe('*')
      expect(response.headers.get('vary')).toBe('Origin')
    }
  })

  test.each(['https://other.test', 'https://page.test.evil.test', 'http://page.test', 'null'])(
    'of %s is told nothing',
    async (origin) => {
      for (const init of [preflight(origin), postJson({ key: 'site/acme' }, { origin })]) {
        const { headers } = await ask(worker, 'web', '/increment', init)
        expect(headers.has('access-control-allow-origin')).toBe(false)
        expect(headers.get('vary')).toContain('Origin')
      }
    },
  )

  test('is not taken for a sender of web hooks, which may have an origin too', async () => {
    for (const origin of [PAGE, 'https://events.test']) {
      const headers = { origin, 'webhook-request-origin': 'events.test' }
      const response = await ask(worker, 'web', '/events', { method: 'OPTIONS', headers })
      expect([response.status, response.headers.get('webhook-allowed-origin')]).toEqual([200, 'events.test'])
    }
  })

  test('of any origin is told nothing where none is allowed', async () => {
    const response = await ask(await envWith(tokens), undefined, '/increment', preflight(PAGE))
    expect(response.status).toBe(401)
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('[S2] counts under the prefix of the token that it shows to everyone, and does nothing else', async () => {
    const [shard, own] = [ownShard(), `site/acme/${freshKey()}`]
    const from = (body: unknown) => postJson(body, { origin: PAGE })
    expect((await ask(worker, 'web', '/increment', from({ key: own, at: shard.at }))).status).toBe(202)
    const refused: [string, RequestInit, number][] = [
      ['/increment', from({ key: 'site/other', at: shard.at }), 403],
      ['/increment', from({ key: own, at: shard.at, value: -1 }), 422],
      [`/counters/${own}`, {}, 403],
      ['/status', {}, 403],
      ['/parked/retry', from({ shard: shard.name }), 403],
      ['/parked/discard', from({ shard: shard.name, keys: [own] }), 403],
    ]
    for (const [path, init, status] of refused)
      expect((await ask(worker, 'web', path, init)).status).toBe(status)
    await ring(shard)
    expect(await rowOf(own)).toEqual({ sum: '1', count: '1' })
    expect(await shard.stub.status()).toMatchObject({ accepted: 1, discarded: 0 })
  })

  test('[S2] counts no more than the limits of its token say, however it is sent', async () => {
    const worker = await envWith(
      {
        page: { scopes: ['write'], prefix: 'site/acme', valueMax: 10, itemsMax: 3, depth: 1 },
        list: { scopes: ['write'], prefix: 'site/acme', keys: ['site/acme/a'] },
      },
      { ALLOWED_ORIGINS: PAGE },
    )
    const [a, b, deep] = ['a', 'b', 'a/b'].map((name) => ({ key: `site/acme/${name}` }))
    const tooMany = [a, a, a, a]
    const refused: [string, object, number][] = [
      ['page', [{ ...a, value: 11 }], 422],
      ['page', [{ ...a, value: Number.MAX_SAFE_INTEGER }], 422],
      ['page', [deep], 403],
      ['page', tooMany, 413],
      ['list', [b], 403],
    ]
    for (const [token, items, status] of refused) {
      const lines = [items].flat().map((item) => JSON.stringify(item))
      const forms = [
        postJson(items),
        postJson(`[ ${lines.join()}]`),
        postJson(lines.join('\n'), { 'content-type': 'application/x-ndjson' }),
        postJson(
          [items].flat().map((item) => ({ ...item, at: Date.now() })),
          { 'idempotency-key': freshKey() },
        ),
      ]
      for (const form of forms) {
        const response = await ask(worker, token, '/increment', form)
        expect(response.status, JSON.stringify([token, items])).toBe(status)
      }
    }
    expect((await ask(worker, 'page', '/increment', postJson([{ ...a, value: 10 }, b, b]))).status).toBe(202)
    expect((await ask(worker, 'list', '/increment', postJson([a, a, a, a, a]))).status).toBe(202)
  })

  test('[S2] a correction leaves what it says', async () => {
    const [shard, key] = [ownShard(), freshKey()]
    const worker = await envWith({ fix: { scopes: ['write', 'adjust'] } })
    const items = [5, -7].map((value) => ({ key, value, at: shard.at }))
    expect((await ask(worker, 'fix', '/increment', postJson(items))).status).toBe(202)
    await ring(shard)
    expect(await rowOf(key)).toEqual({ sum: '-2', count: '2' })
  })
})

describe('the rate limit', () => {
  const limitedTo = (keys: string[], success: boolean) => ({
    limit: async ({ key }: { key: string }) => {
      keys.push(key)
      return { success }
    },
  })
  const fromAddress = { headers: { 'cf-connecting-ip': '192.0.2.7' } }

  test('counts each address of each token, and the addresses of those without a known one', async () => {
    const keys: string[] = []
    const worker = await envWith(tokens, { RATE_LIMIT: limitedTo(keys, true) })
    for (const token of ['web', 'ops', 'unknown', undefined]) await ask(worker, token, '/status', fromAddress)
    await ask(worker, 'ops', '/status')
    expect(keys).toEqual(['web\n192.0.2.7', 'ops\n192.0.2.7', '192.0.2.7', '192.0.2.7', 'ops\n'])
  })

  test('answers 429 with when to come again, before anything is read', async () => {
    const worker = await envWith(tokens, { RATE_LIMIT: limitedTo([], false) })
    for (const token of ['web', 'ops', 'unknown', undefined]) {
      const response = await ask(worker, token, '/increment', postJson('{'))
      expect(response.status).toBe(429)
      expect(response.headers.get('retry-after')).toBe(String(RATE_RETRY_SECONDS))
      expect(await bodyOf(response)).toMatchObject({ type: 'urn:sumdial:problem:too-many-requests' })
    }
  })

  test('that cannot be asked lets everyone through, and so does none', async () => {
    const broken = { limit: () => Promise.reject(new Error('hunter2')) }
    const warned = vi.spyOn(console, 'warn').mockReturnValue()
    for (const RATE_LIMIT of [broken, undefined]) {
      expect((await ask(await envWith(tokens, { RATE_LIMIT }), 'ops', '/status')).status).toBe(200)
    }
    expect(warned).toHaveBeenCalledTimes(1)
    warned.mockRestore()
  })

  test('is the binding of wrangler.toml, which counts here too', async () => {
    // The local one takes a limit with each question, and 10,000 would take long.
    const limit = ({ key }: { key: string }) =>
      env.RATE_LIMIT?.limit({ key, limit: 3, period: 10 } as { key: string })
    const worker = await envWith(tokens, { RATE_LIMIT: { limit } })
    const statuses = new Set<number>()
    // Eight in a period or in two that meet are one too many for either.
    for (let i = 0; i < 8; i++) statuses.add((await ask(worker, 'ops', '/nothing', fromAddress)).status)
    expect(statuses).toEqual(new Set([404, 429]))
    expect((await ask(worker, 'web', '/nothing', fromAddress)).status).toBe(404)
  })

  test('is not asked where dev opens the Worker', async () => {
    const refusing = { ...env, RATE_LIMIT: limitedTo([], false) }
    expect((await ask(refusing as typeof env, undefined, '/status')).status).toBe(200)
  })
})
