import { createExecutionContext, evictDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import worker from '../../src/index.ts'
import { REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../src/limits.ts'
import { call, env, freshKey, ownShard, post, ring, rowOf } from './support.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }

async function gzipped(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Response(stream).arrayBuffer()
}

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = (await response.json()) as { status: number; errors?: unknown; detail: string }
  expect(problem.status).toBe(response.status)
  expect(problem).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    detail: expect.any(String),
  })
  return problem
}

describe('POST /increment', () => {
  test.each([
    ['one object', (key: string) => post({ key }), 1],
    ['an array', (key: string) => post([{ key }, { key, value: 5 }]), 2],
    ['an empty array', () => post([]), 0],
    ['NDJSON', (key: string) => post(`{"key":"${key}"}\r\n\n {"key":"${key}"}\n{"key":"${key}"}`, NDJSON), 3],
    [
      'a charset in the content type',
      (key: string) => post({ key }, { 'content-type': 'Application/JSON; charset=UTF-8' }),
      1,
    ],
    [
      'a gzip body',
      async (key: string) =>
        call('/increment', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
          body: await gzipped(JSON.stringify([{ key }, { key }])),
        }),
      2,
    ],
    [
      'a body of unknown length',
      (key: string) =>
        call('/increment', { method: 'POST', headers: NDJSON, body: streamOf(`{"key":"${key}"}`) }),
      1,
    ],
  ])('takes %s', async (_, send, accepted) => {
    const response = await send(freshKey())
    expect(response.status).toBe(202)
    expect(await response.json()).toEqual({ accepted, duplicates: 0, conflicts: [] })
  })

  test.each([
    ['malformed JSON', () => post('{"key":'), 400],
    ['an empty body', () => post(''), 400],
    ['a malformed line of NDJSON', () => post('{"key":"a"}\n{"key"', NDJSON), 400],
    ['a media type of an odd name', () => post({ key: 'a' }, { 'content-type': 'constructor' }), 415],
    ['bytes that are not UTF-8', () => postBytes(new Uint8Array([0x22, 0xff, 0x22])), 400],
    ['another media type', () => post('key=a', { 'content-type': 'application/x-www-form-urlencoded' }), 415],
    ['no media type', () => postBytes(new TextEncoder().encode('{"key":"a"}'), null), 415],
    [
      'another charset',
      () => post({ key: 'a' }, { 'content-type': 'application/json; charset=utf-16' }),
      415,
    ],
    ['a body in an encoding other than gzip', () => post({ key: 'a' }, { 'content-encoding': 'br' }), 415],
    ['too many bytes', () => post(' '.repeat(REQUEST_BYTES_MAX + 1)), 413],
    [
      'too many bytes without a length',
      () =>
        call('/increment', {
          method: 'POST',
          headers: NDJSON,
          body: streamOf(' '.repeat(REQUEST_BYTES_MAX + 1)),
        }),
      413,
    ],
    ['too many items', () => post(Array.from({ length: REQUEST_ITEMS_MAX + 1 }, () => ({ key: 'a' }))), 413],
    ['an id without at', () => post({ key: 'a', id: 'x' }), 422],
    ['an Idempotency-Key without at', () => post({ key: 'a' }, { 'idempotency-key': 'x' }), 422],
    ['a JSON text that is no object', () => post('"key"'), 422],
    ['GET', () => call('/increment'), 405],
  ])('refuses %s', async (_, send, status) => {
    const response = await send()
    expect(response.status).toBe(status)
    await problemOf(response)
  })

  test('a body is read by itself, also after one that breaks off in the middle of a character', async () => {
    const [key, snowman] = [freshKey(), new TextEncoder().encode('\u2603')]
    const brokenOff = [...new TextEncoder().encode(`{"key":"${key}"}`), ...snowman.subarray(0, 2)]
    expect((await postBytes(new Uint8Array(brokenOff))).status).toBe(400)
    expect((await post({ key })).status).toBe(202)
  })

  test('[I2] names every bad item, and counts nothing of the request', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    const response = await post([
      { key, at: shard.at },
      { key, at: shard.at, value: 0 },
      { key: '', at: shard.at, vlaue: 1 },
      { key, at: '2001-01-01T00:00:00Z' },
      { key, at: shard.at },
    ])
    expect(response.status).toBe(422)
    const { errors } = await problemOf(response)
    expect(errors).toEqual([
      { index: 1, path: 'value', message: expect.any(String) },
      { index: 2, path: 'key', message: expect.any(String) },
      { index: 2, path: '', message: expect.stringContaining('vlaue') },
      { index: 3, path: 'at', message: expect.stringContaining('closed hour') },
    ])
    expect((await shard.stub.status()).accepted).toBe(0)
  })

  test('[I2] an item in a closed hour refuses the request too', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    const response = await post([
      { key, at: shard.at },
      { key, at: '2001-01-01T00:00:00Z' },
    ])
    expect(response.status).toBe(422)
    const { errors } = await problemOf(response)
    expect(errors).toEqual([{ index: 1, path: 'at', message: expect.stringContaining('closed hour') }])
    expect((await shard.stub.status()).accepted).toBe(0)
  })

  test('a refusal does not repeat what was sent', async () => {
    const secret = 'hunter2'
    for (const body of [`{"key":"${secret}`, `{"key":"a\\n${secret}"}`]) {
      expect(JSON.stringify(await problemOf(await post(body)))).not.toContain(secret)
    }
  })
})

describe('an id', () => {
  const bodyOf = async (response: Response) => ({ status: response.status, body: await response.json() })

  test('[I3] counts once, whatever is retried, mixed with others, or repeated after an eviction', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    const item = { key, value: 3, at: shard.at, id: 'order-1' }
    expect(await bodyOf(await post(item))).toEqual({
      status: 202,
      body: { accepted: 1, duplicates: 0, conflicts: [] },
    })
    expect(await bodyOf(await post(item))).toEqual({
      status: 202,
      body: { accepted: 0, duplicates: 1, conflicts: [] },
    })
    await ring(shard)
    await evictDurableObject(shard.stub)
    const mixed = [
      { key, at: shard.at },
      { ...item, value: 4 },
      item,
      { ...item, id: 'order-2' },
      { ...item, id: 'order-2' },
    ]
    expect(await bodyOf(await post(mixed))).toEqual({
      status: 202,
      body: { accepted: 2, duplicates: 2, conflicts: [1] },
    })
    expect((await shard.stub.status()).accepted).toBe(3)
    await ring(shard)
    expect(await rowOf(key)).toEqual({ sum: '7', count: '3' })
  })

  test("[I3] is its key's and its hour's own", async () => {
    const [key, shard, other] = [freshKey(), ownShard(), ownShard()]
    for (const [k, at] of [
      [key, shard.at],
      [`${key}/b`, shard.at],
      [key, other.at],
    ] as const) {
      expect((await bodyOf(await post({ key: k, at, id: 'x' }))).body).toMatchObject({ accepted: 1 })
    }
  })

  test('[I3] alone in its request with other content is a conflict', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await post({ key, value: 1, at: shard.at, id: 'x' })
    const { status, body } = await bodyOf(await post({ key, value: 2, at: shard.at, id: 'x' }))
    expect({ status, body }).toMatchObject({ status: 422, body: { type: 'urn:sumdial:problem:id-conflict' } })
  })

  test('[I3] an Idempotency-Key counts a request once, in all of its shards and whatever its order', async () => {
    const [key, shard, other] = [freshKey(), ownShard(), ownShard()]
    const items = [
      { key, value: 1, at: shard.at },
      { key, value: 2, at: shard.at },
      { key, value: 4, at: other.at },
    ]
    const name = { 'idempotency-key': `"${key}"` }
    expect((await bodyOf(await post(items, name))).body).toMatchObject({ accepted: 3, duplicates: 0 })
    await evictDurableObject(shard.stub)
    expect((await bodyOf(await post(items.toReversed(), name))).body).toMatchObject({
      accepted: 0,
      duplicates: 3,
    })
    const { status } = await bodyOf(await post(items.slice(0, 2), name))
    expect(status).toBe(422)
    const statuses = await Promise.all([shard.stub.status(), other.stub.status()])
    expect(statuses.map(({ accepted, ids }) => [accepted, ids])).toEqual([
      [2, 1],
      [1, 1],
    ])
  })

  test('[I3] a request as large as any is held together by its Idempotency-Key', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    const items = Array.from({ length: 8_000 }, (_, i) => ({
      key: `${key}/${i}/${'x'.repeat(400)}`,
      at: shard.at,
    }))
    const name = { 'idempotency-key': key.slice(-36) }
    expect((await bodyOf(await post(items, name))).body).toMatchObject({ accepted: 8_000 })
    await evictDurableObject(shard.stub)
    expect((await bodyOf(await post(items, name))).body).toMatchObject({ duplicates: 8_000 })
    expect(await shard.stub.status()).toMatchObject({ accepted: 8_000, ids: 1, isConserved: true })
  })
})

describe('GET /counters', () => {
  test('takes a key in the path, where %2F equals a slash, and in the query', async () => {
    const key = `a b/é/"${freshKey()}"`
    await post({ key, value: 3 })
    const inPath = encodeURIComponent(key).replaceAll('%2F', '/')
    for (const path of [
      `/counters/${inPath}`,
      `/counters/${encodeURIComponent(key)}`,
      `/counters?key=${encodeURIComponent(key)}`,
    ]) {
      const answer = (await (await call(path)).json()) as Record<string, unknown>
      expect(answer).toMatchObject({
        key,
        total: { sum: 3, count: 1, min: 3, max: 3 },
        pending: 1,
        lastFlushAt: null,
      })
    }
  })

  test('takes several keys, in their order, by the days of a zone', async () => {
    const keys = [freshKey(), freshKey(), freshKey()]
    await post([{ key: keys[0] }, { key: keys[2], value: 5 }])
    const query = keys.map((key) => `key=${key}`).join('&')
    const response = await call(`/counters?${query}&bucket=day&tz=America/New_York`)
    expect(response.status).toBe(200)
    const { items } = (await response.json()) as { items: { key: string; buckets: { start: string }[] }[] }
    expect(items).toMatchObject([
      { key: keys[0], bucket: 'day', tz: 'America/New_York', aligned: true, total: { sum: 1, count: 1 } },
      { key: keys[1], total: { sum: 0, count: 0 } },
      { key: keys[2], total: { sum: 5, count: 1 } },
    ])
    for (const { start } of items[0]?.buckets ?? []) expect(start).toMatch(/T00:00:00-0[45]:00$/)
  })

  test('answers years by the month', async () => {
    const response = await call(`/counters/${freshKey()}?from=2001-01-01T00:00:00Z&bucket=month`)
    expect(response.status).toBe(200)
    const { buckets } = (await response.json()) as { buckets: unknown[] }
    expect(buckets.length).toBeGreaterThan(12 * 25)
  })

  test('answers a key that was never counted with zeros, gaps filled, for the last 24 hours', async () => {
    const beganMs = Date.now()
    const response = await call(`/counters/${freshKey()}`)
    const answer = (await response.json()) as {
      total: unknown
      buckets: { start: string; sum: number }[]
      to: string
    }
    expect(answer.total).toEqual({ sum: 0, count: 0, min: null, max: null })
    expect(answer.buckets).toHaveLength(24)
    expect(Date.parse(answer.to)).toBeGreaterThan(beganMs)
  })

  test.each([
    ['/counters', 'key'],
    ['/counters?key=', 'key'],
    ['/counters?key=a&key=a', 'key'],
    [`/counters?${Array.from({ length: 21 }, (_, i) => `key=${i}`).join('&')}`, 'key'],
    ['/counters/a?key=b', 'key'],
    ['/counters/a?tz=Mars/Olympus', 'tz'],
    ['/counters/a?tz=%2B05:30', 'tz'],
    ['/counters/a?bucket=year', 'bucket'],
    ['/counters/a?freshHours=0', 'freshHours'],
    ['/counters/a?freshHours=73', 'freshHours'],
    ['/counters/a?freshHours=2&consistency=committed', 'freshHours'],
    ['/counters/%FF', 'key'],
    ['/counters?key=%FF', 'key'],
    ['/counters/a?from=0000-01-01T00:00:00Z&to=0000-01-02T00:00:00Z', 'from'],
    ['/counters/a?from=-100000000000000&to=-99999990000000', 'from'],
    ['/counters/a?from=yesterday', 'from'],
    ['/counters/a?to=2026-13-01T00:00:00Z', 'to'],
    ['/counters/a?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['/counters/a?from=2001-01-01T00:00:00Z', 'from'],
    ['/counters/a?from=-9007199254740991&to=-9007199254740990', 'from'],
    ['/counters/a?consistency=strong', 'consistency'],
    ['/counters/a?form=0', 'form'],
    ['/counters/a?from=0&from=1', 'from'],
  ])('refuses %s by the name of the parameter', async (path, parameter) => {
    const response = await call(path)
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({ parameter })
  })
})

describe('access', () => {
  const serve = (bindings: object, path = '/status') =>
    worker.fetch(
      new Request(`http://sumdial.test${path}`),
      { ...env, ...bindings } as never,
      createExecutionContext(),
    )

  test('[S1] a Worker that nothing opened refuses everything, and says what to do', async () => {
    for (const path of ['/', '/status', '/counters/a', '/increment', '/nothing']) {
      const response = await serve({ DEV_ACCESS: undefined }, path)
      expect(response.status).toBe(403)
      expect((await problemOf(response)).detail).toContain('npm run dev')
    }
  })

  test('a faulty configuration names every bad variable and repeats no value', async () => {
    const bindings = {
      DATABASE_URL: 'mysql://user:hunter2@host/db',
      SHARDS: 'postgres://user:hunter2@host/db',
      FLUSH_INTERVAL_SECONDS: 'often',
    }
    const response = await serve(bindings)
    expect(response.status).toBe(500)
    const { detail } = await problemOf(response)
    for (const name of Object.keys(bindings)) expect(detail).toContain(name)
    expect(detail).not.toContain('hunter2')
  })

  test('a path that only decodes to a known one is not there', async () => {
    expect((await call('/%63ounters/abc')).status).toBe(404)
  })

  test('what is not there is a 404 that says what is', async () => {
    const response = await call('/nothing')
    expect(response.status).toBe(404)
    expect((await problemOf(response)).detail).toContain('/increment')
  })
})

function postBytes(body: Uint8Array, type: string | null = 'application/json'): Promise<Response> {
  return call('/increment', { method: 'POST', body, headers: type === null ? {} : { 'content-type': type } })
}

function streamOf(text: string): ReadableStream {
  return new Blob([text]).stream().pipeThrough(new TransformStream())
}
