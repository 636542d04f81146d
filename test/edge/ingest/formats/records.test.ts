import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { receiveRecords } from '../../../../src/edge/ingest/formats/records.ts'
import {
  DELIVERY_BYTES_MAX,
  DELIVERY_RECORDS_MAX,
  LARGE_BODIES_MAX,
  REQUEST_BYTES_MAX,
} from '../../../../src/limits.ts'
import { formatHourStart, HOUR_MS, hourOf } from '../../../../src/model/hour.ts'
import { labelsText } from '../../../../src/model/slices/slice.ts'
import { FormatStage, WRITER } from './format-stage.ts'

/** A time in the running hour, and one in the hour before. */
const NOW = formatHourStart(hourOf(Date.now()))
const BEFORE = formatHourStart(hourOf(Date.now() - HOUR_MS))

const METERS = JSON.stringify([
  {
    name: 'requests',
    key: 'requests/{ClientRequestHost}{ClientRequestURI|path}',
    at: '{EdgeStartTimestamp}',
    id: '{RayID}',
  },
  {
    name: 'bytes',
    key: 'bytes/{ClientRequestHost}',
    value: '{EdgeResponseBytes}',
    at: '{EdgeStartTimestamp}',
    id: '{RayID}',
  },
  {
    name: 'segment',
    records: 'batch',
    match: { type: 'track' },
    key: 'segment/{event}',
    at: '{timestamp}',
    id: '{messageId}',
  },
  { name: 'cents', match: { type: 'track' }, key: 'cents', value: '{properties.revenue}', scale: 100 },
  { name: 'views', key: 'views{path}', repeat: 'count' },
  ...['input', 'output'].map((kind) => ({
    name: kind,
    key: 'tokens/{model}',
    labels: { kind },
    value: `{${kind}}`,
    at: '{at}',
    id: '{id}',
  })),
])

let stage: FormatStage

beforeEach(() => {
  stage = new FormatStage(receiveRecords, { meters: METERS })
})

type Answer = {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: Record<string, unknown> & { readonly detail?: string }
}

type Body = string | Uint8Array | ReadableStream<Uint8Array>

async function post(
  query: string,
  body: Body,
  headers: Record<string, string> = {},
  more = {},
): Promise<Answer> {
  const answer = await stage.post(body, headers, WRITER, { path: `/records?${query}`, ...more })
  const retryAfter = answer.headers.get('retry-after')
  return { status: answer.status, retryAfter, body: (await answer.json()) as Answer['body'] }
}

const ndjson = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('')

const request = (path: string, ray: string, more = {}) => ({
  ClientRequestHost: 'example.com',
  ClientRequestURI: path,
  EdgeResponseBytes: 100,
  EdgeStartTimestamp: NOW,
  RayID: ray,
  ...more,
})

describe('POST /records', () => {
  test('counts what Logpush sends, by two meters at once, and once by the ids of its lines', async () => {
    const body = gzipSync(ndjson(request('/pricing?a=1', 'r1'), request('/', 'r2', { EdgeResponseBytes: 0 })))
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' }
    const first = await post('meter=requests&meter=bytes', body, headers)
    expect(first).toMatchObject({
      status: 200,
      body: { records: 2, accepted: 3, duplicates: 0, zeros: 1, refused: 0, errors: [], names: 'ids' },
    })
    const again = await post('meter=requests&meter=bytes', body, headers)
    expect(again.body).toMatchObject({ accepted: 0, duplicates: 3 })
    expect(stage.sums).toEqual({
      'bytes/example.com': 100,
      'requests/example.com/': 1,
      'requests/example.com/pricing': 1,
    })
  })

  test('reads no Idempotency-Key: a single record without an id counts each time, and the answer says that it has no name', async () => {
    for (const _ of [1, 2]) {
      const { body } = await post('key=k', '{"a":1}', { 'idempotency-key': 'once' })
      expect(body).toMatchObject({ accepted: 1, duplicates: 0, names: 'none' })
    }
    expect(stage.sums).toEqual({ k: 2 })
  })

  test("[N2] answers Logpush's test object 2xx, which has no field of the meter", async () => {
    const { status, body } = await post('meter=requests', gzipSync('{"content":"tests"}'), {
      'content-encoding': 'gzip',
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      records: 1,
      accepted: 0,
      refused: 1,
      errors: [{ index: 0, path: 'ClientRequestHost', message: 'is missing' }],
    })
  })

  test('counts a batch of Segment by the ids of its messages, whatever else changes when it is sent again', async () => {
    const batch = [
      {
        type: 'track',
        event: 'Order Completed',
        messageId: 'node-next-1795999073318-1f9dd86d-d204-43d2-920d',
        timestamp: NOW,
      },
      { type: 'page', name: 'Pricing', messageId: 'b', timestamp: NOW },
      { type: 'track', event: 'Order Completed', messageId: 'c', timestamp: BEFORE },
    ]
    const sent = (sentAt: string) => JSON.stringify({ batch, writeKey: 'wk', sentAt })
    expect((await post('meter=segment', sent(NOW))).body).toMatchObject({
      records: 3,
      accepted: 2,
      unmatched: 1,
    })
    expect((await post('meter=segment', sent(BEFORE))).body).toMatchObject({ accepted: 0, duplicates: 2 })
    expect(stage.sums).toEqual({ 'segment/Order Completed': 2 })
  })

  test('counts by a meter in its query', async () => {
    const query =
      'key=log/{level|lower}&value={n}&at={date}&match=kind:a&match=kind:b&match=level:E*&scale=0.1'
    const lines = [
      { level: 'ERROR', kind: 'a', n: 20, date: Date.parse(NOW) / 1000 + 0.123456 },
      { level: 'ERROR', kind: 'b', n: '30', date: Date.parse(NOW) },
      { level: 'ERROR', kind: 'c', n: 10, date: NOW },
      { level: 'info', kind: 'a', n: 10, date: NOW },
    ]
    expect((await post(query, JSON.stringify(lines))).body).toMatchObject({ accepted: 2, unmatched: 2 })
    expect(stage.sums).toEqual({ 'log/error': 5 })
  })

  test('multiplies decimals exactly, and refuses what is no whole number then', async () => {
    const revenue = (value: unknown) => ({ type: 'track', properties: { revenue: value } })
    const { body } = await post(
      'meter=cents',
      ndjson(revenue(19.99), revenue('0.07'), revenue(1.005), revenue(0)),
    )
    expect(body).toMatchObject({
      accepted: 2,
      zeros: 1,
      refused: 1,
      errors: [{ index: 2, path: 'properties.revenue' }],
    })
    expect(stage.sums).toEqual({ cents: 2006 })
  })

  test('[N1] counts the same bytes once, under each meter', async () => {
    const body = ndjson({ path: '/a' }, { path: '/b' }, { path: '/a' })
    // Within an hour, because records without a time count at that of their arrival.
    const at = { nowMs: Date.now() }
    const first = await post('key=x{path}', body, {}, at)
    expect(first.body).toMatchObject({ accepted: 3, names: 'content' })
    const again = await post('key=x{path}', gzipSync(body), { 'content-encoding': 'gzip' }, at)
    expect(again.body).toMatchObject({ accepted: 0, duplicates: 3 })
    expect((await post('key=y{path}', body, {}, at)).body).toMatchObject({ accepted: 3 })
    expect(stage.sums).toEqual({ 'x/a': 2, 'x/b': 1, 'y/a': 2, 'y/b': 1 })
  })

  test('[N1] counts a single record without an id each time, and so a meter that repeats', async () => {
    for (const _ of [1, 2]) {
      expect((await post('key=one', '{"a":1}')).body).toMatchObject({ accepted: 1, names: 'none' })
      expect((await post('meter=views', ndjson({ path: '/a' }, { path: '/b' }))).body).toMatchObject({
        accepted: 2,
        names: 'none',
      })
      const both = ndjson({ path: '/c', model: 'm', input: 1, id: 'i', at: NOW })
      expect((await post('meter=views&meter=input', both)).body).toMatchObject({ names: 'none' })
    }
    expect(stage.sums).toEqual({ one: 2, 'tokens/m': 1, 'views/a': 2, 'views/b': 2, 'views/c': 2 })
  })

  test('[N1] counts once all that several meters make of a record with an id under one key, in whatever order', async () => {
    const body = ndjson(
      { model: 'large', input: 5, output: 5, id: 'a', at: NOW },
      { model: 'large', input: 2, output: 9, id: 'b', at: NOW },
    )
    const first = await post('meter=input&meter=output', body)
    expect(first.body).toMatchObject({ accepted: 4, duplicates: 0, refused: 0, names: 'ids' })
    const again = await post('meter=output&meter=input', body)
    expect(again.body).toMatchObject({ accepted: 0, duplicates: 4, refused: 0 })
    expect(stage.shards.slices).toEqual({
      [`tokens/large${labelsText({ kind: 'input' })}`]: 7,
      [`tokens/large${labelsText({ kind: 'output' })}`]: 14,
    })
  })

  test('[N2] says which records have ids that came before with another value', async () => {
    const of = (id: string, value: number) => ({ model: 'm', input: value, id, at: NOW })
    await post('meter=input', ndjson(of('a', 1), of('b', 2)))
    expect((await post('meter=input', ndjson(of('a', 1), of('b', 3)))).body).toMatchObject({
      duplicates: 1,
      refused: 1,
      errors: [{ index: 1, path: 'id', message: expect.stringContaining('another value') }],
    })
  })

  test.each(['constructor', '__proto__', 'toString'])(
    'picks records by a field of any name: %s',
    async (field) => {
      const body = `{"n":1}\n{"${field}":"a"}\n{"${field}":"b"}\n{"${field}":"c"}`
      const { body: answer } = await post(`key=k&match=${field}:a&match=${field}:b`, body)
      expect(answer).toMatchObject({ accepted: 2, unmatched: 2 })
    },
  )

  test('counts a key that is too long, or has control characters, under one that fits', async () => {
    await post('key=k/{a}', ndjson({ a: 'x'.repeat(600) }, { a: 'a\nb' }))
    expect(Object.keys(stage.sums)).toEqual(['k/a%0Ab', expect.stringMatching(/^k\/x{493}~[0-9a-f]{16}$/)])
  })

  test('[N2] says of each bad record what is wrong, and counts the others', async () => {
    const body = `${ndjson(request('/a', 'r1'))}{"broken\n5\n${ndjson(
      request('/b', 'r2', { EdgeStartTimestamp: 'yesterday' }),
      request('/c', 'r3', { EdgeStartTimestamp: '2001-01-01T00:00:00Z' }),
      request('/d', 'r4'),
    )}`
    const answer = await post('meter=requests', body)
    expect(answer.body).toMatchObject({ records: 6, accepted: 2, refused: 4 })
    expect(answer.body['errors']).toEqual([
      { index: 1, path: '', message: 'must be valid JSON' },
      { index: 2, path: '', message: 'must be an object' },
      { index: 3, path: 'EdgeStartTimestamp', message: expect.stringContaining('RFC 3339') },
      { index: 4, path: 'at', message: expect.stringContaining('closed hour') },
    ])
    expect(stage.lines).toMatchObject([
      { message: 'records refused', format: 'records', refused: 4, reasons: { malformed: 2, time: 2 } },
    ])
  })
})

/** Two maps, `{ path: '/a' }` and `{ path: '/b' }`. */
const MESSAGE_PACK = Uint8Array.of(
  0x81,
  0xa4,
  ...Buffer.from('path'),
  0xa2,
  0x2f,
  0x61,
  0x81,
  0xa4,
  ...Buffer.from('path'),
  0xa2,
  0x2f,
  0x62,
)

describe('a request for records that is wrong', () => {
  test.each([
    ['', 'meter'],
    ['meter=other', 'meter'],
    ['meter=views&key=a', 'key'],
    ['meter=views&meter=bytes&meter=views', 'meter'],
    ['key={', 'key'],
    ['key={}', 'key'],
    ['key={a|b}', 'key'],
    ['key=a&value=3', 'value'],
    ['key=a&at=timestamp', 'at'],
    ['key=a&scale=5', 'scale'],
    ['key=a&scale=100', 'scale'],
    ['key=a&match=type', 'match'],
    ['key=a&label=b', 'label'],
    ['key=a&label=b:{c}&label=b:{d}', 'label'],
    ['key=a&records={x}', 'records'],
    ['key=a&repeat=twice', 'repeat'],
    ['key=a&keys=b', 'keys'],
  ])('is told which parameter: ?%s', async (query, parameter) => {
    expect(await post(query, '{}')).toMatchObject({ status: 422, body: { parameter } })
  })

  test.each([
    ['gzip that is cut off', gzipSync('{"a":1}').subarray(0, 12), { 'content-encoding': 'gzip' }, 'gzip'],
    ['bytes that are no gzip', new TextEncoder().encode('{"a":1}'), { 'content-encoding': 'gzip' }, 'gzip'],
    ['another compression', '{"a":1}', { 'content-encoding': 'br' }, 'gzip'],
    ['an array without an end', '[{"a":1},{"a":2}', {}, 'no end'],
    ['MessagePack, which Fluent Bit sends by default', MESSAGE_PACK, {}, 'No record in the body is JSON'],
    ['lines of text', 'GET / 200\nGET /a 200\n', {}, 'No record in the body is JSON'],
  ])(
    'is answered 422, because some send again for ever after 400 and 415: %s',
    async (_, body, headers, why) => {
      const answer = await post('key=k', body, headers as Record<string, string>)
      expect([answer.status, answer.body.detail]).toEqual([422, expect.stringContaining(why)])
      expect(stage.sums).toEqual({})
    },
  )
})

describe('a request for records that is large', () => {
  const line = (i: number) => `{"path":"/${i % 500}","text":"${'x'.repeat(300)}"}\n`
  const lines = (bytes: number) => {
    const count = Math.ceil(bytes / line(0).length)
    return Array.from({ length: count }, (_, i) => line(i)).join('')
  }

  test('[I5] is taken up to its bound, streamed, and counted once', async () => {
    const body = gzipSync(lines(20 << 20))
    const headers = { 'content-encoding': 'gzip' }
    const first = await post('key=k{path}', body, headers)
    expect(first).toMatchObject({ status: 200, body: { refused: 0, duplicates: 0 } })
    const again = await post('key=k{path}', body, headers)
    expect(again.body).toMatchObject({ accepted: 0, duplicates: first.body['accepted'] })
  })

  test.each([
    ['bytes', () => gzipSync(Buffer.alloc(DELIVERY_BYTES_MAX + 1, ' ')), 'bytes'],
    ['records', () => gzipSync('{}\n'.repeat(DELIVERY_RECORDS_MAX + 1)), `${DELIVERY_RECORDS_MAX} records`],
    [
      'keys',
      () =>
        gzipSync(Array.from({ length: 60_000 }, (_, i) => `{"path":"/${i}","ray":"${i % 7}"}\n`).join('')),
      'field `path`',
    ],
  ])(
    '[I5] past its bound on %s is answered 413, which says so, and nothing is counted',
    async (_, body, why) => {
      const answer = await post('key=k{path}{ray}', body(), { 'content-encoding': 'gzip' })
      expect([answer.status, answer.body.detail]).toEqual([413, expect.stringContaining(why)])
      expect(stage.sums).toEqual({})
    },
  )

  test('[I5] waits its turn: one more than may be read at a time is answered 503 with Retry-After', async () => {
    const slow = () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      const writer = writable.getWriter()
      const begun = writer.write(new TextEncoder().encode(lines(REQUEST_BYTES_MAX + 1)))
      return { readable, end: () => writer.close(), begun }
    }
    const first = Array.from({ length: LARGE_BODIES_MAX }, slow)
    const answers = first.map(({ readable }) => post('key=k{path}', readable))
    await Promise.all(first.map(({ begun }) => begun))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const third = await post('key=k{path}', lines(REQUEST_BYTES_MAX + 1))
    expect(third).toMatchObject({ status: 503, retryAfter: '2' })
    expect(await post('key=small', '{"a":1}')).toMatchObject({ status: 200 })
    await Promise.all(first.map(({ end }) => end()))
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200])
    expect(await post('key=k{path}', lines(REQUEST_BYTES_MAX + 1))).toMatchObject({ status: 200 })
  })
})

test('[N2] arbitrary bytes, gzip or not, are answered below 500', async () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(gzipSync(bytes))),
    fc.json().map((text) => new TextEncoder().encode(text)),
  )
  const query = fc.constantFrom(
    'key=k/{a}',
    'key={a.b.0}&value={c}&at={d}',
    'meter=segment',
    'meter=requests&meter=bytes',
  )
  await fc.assert(
    fc.asyncProperty(query, body, fc.boolean(), async (which, bytes, isGzip) => {
      const { status } = await post(which, bytes, isGzip ? { 'content-encoding': 'gzip' } : {})
      expect([200, 413, 422]).toContain(status)
    }),
    { numRuns: 300 },
  )
})
