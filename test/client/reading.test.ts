import { expect, onTestFinished, test } from 'vitest'
import { createClient, SumdialError } from '../../src/client/index.ts'
import { listen, problem } from '../local/scripted-worker.ts'

/** A server on this machine that answers each request with the next body; and the paths that it was asked for. */
async function serve(...bodies: readonly string[]) {
  const server = await listen((_request, n, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(bodies[n])
  })
  onTestFinished(server.close)
  const sumdial = createClient({ url: `${server.url}behind/a/proxy/`, token: 'sd_secret' })
  return { sumdial, asked: () => server.received.map(({ path }) => path), received: server.received }
}

test('a key, with every parameter, at the address behind a path', async () => {
  const { sumdial, asked, received } = await serve('{"key":"a b/ü","total":{"sum":12345678901234567890123}}')
  const from = new Date(Date.UTC(2026, 10, 21))
  const query = { from, to: 1_795_294_200_000, bucket: 'day', tz: 'Asia/Kolkata', freshHours: 3 } as const
  expect((await sumdial.read('a b/ü', query)).total.sum).toBe(12_345_678_901_234_567_890_123n)
  expect(asked()).toEqual([
    '/behind/a/proxy/counters?from=2026-11-21T00%3A00%3A00.000Z&to=1795294200000&bucket=day&tz=Asia%2FKolkata&freshHours=3&key=a+b%2F%C3%BC',
  ])
  expect(received[0]?.headers.authorization).toBe('Bearer sd_secret')
})

test('several keys in one request, one as if it were several, and none without any', async () => {
  const { sumdial, asked } = await serve('{"items":[{"key":"a"},{"key":"b"}]}', '{"key":"a"}')
  expect(await sumdial.read(['a', 'b'])).toEqual([{ key: 'a' }, { key: 'b' }])
  expect(await sumdial.read(['a'])).toEqual([{ key: 'a' }])
  expect(await sumdial.read([])).toEqual([])
  expect(asked()).toEqual(['/behind/a/proxy/counters?key=a&key=b', '/behind/a/proxy/counters?key=a'])
})

test('all items of a list, page by page, and no page before it is needed', async () => {
  const { sumdial, asked } = await serve(
    '{"items":[{"key":"a","sum":1},{"key":"b","sum":2}],"nextCursor":"next"}',
    '{"items":[{"key":"c","sum":3}],"nextCursor":null}',
  )
  const sums: bigint[] = []
  for await (const { key, sum } of sumdial.listAll({ prefix: 'site/', limit: 2 })) {
    if (key === 'b') expect(asked()).toHaveLength(1)
    sums.push(sum)
  }
  expect(sums).toEqual([1n, 2n, 3n])
  expect(asked()[1]).toBe('/behind/a/proxy/keys?limit=2&cursor=next&prefix=site%2F')
})

test('an hour by its name, or by a time in it', async () => {
  const { sumdial, asked } = await serve('{"state":"open"}', '{"state":"final"}')
  expect((await sumdial.hour('2026-11-21T20Z')).state).toBe('open')
  expect((await sumdial.hour(new Date(Date.UTC(2026, 10, 21, 20, 59)))).state).toBe('final')
  expect(asked()).toEqual(['/behind/a/proxy/hours/2026-11-21T20Z', '/behind/a/proxy/hours/2026-11-21T20Z'])
})

test("an error has the status and the server's problem; another's has none; a redirect is not followed", async () => {
  const server = await listen((_request, n, response) => {
    if (n === 0) problem(response, 422, { detail: 'tz must be one', parameter: 'tz' })
    else response.writeHead(n === 1 ? 502 : 302, { 'content-type': 'text/html', location: '/' }).end('<html>')
  })
  onTestFinished(server.close)
  const sumdial = createClient({ url: server.url })
  const failures = [
    await failureOf(sumdial.read('a')),
    await failureOf(sumdial.list()),
    await failureOf(sumdial.hour('x')),
  ]
  expect(failures.map(({ status, problem }) => [status, problem?.parameter])).toEqual([
    [422, 'tz'],
    [502, undefined],
    [302, undefined],
  ])
})

test.each([
  [200, 'application/json', '{"key":"a","total":{"sum":1'],
  [200, 'application/json', 'null'],
  [422, 'application/problem+json', '{"title":"A prob'],
  [422, 'application/problem+json', '"no"'],
  [422, 'application/problem+json', '{"title":{"toString":1},"detail":""}'],
])('%d %s %s, cut off or odd, is an error without a problem', async (status, type, body) => {
  const server = await listen((_request, _n, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  onTestFinished(server.close)
  const failure = await failureOf(createClient({ url: server.url }).read('a'))
  expect(failure).toMatchObject({ status, problem: null })
})

async function failureOf(asked: Promise<unknown>): Promise<SumdialError> {
  const failure: unknown = await asked.catch((error: unknown) => error)
  if (failure instanceof SumdialError) return failure
  throw new Error(`${failure} is no SumdialError`)
}

test('keys that are too long for one address are asked for in several, of the same hours, and answered in their order', async () => {
  const keys = Array.from({ length: 20 }, (_, i) => `${String.fromCharCode(97 + i)}${'ü'.repeat(242)}!`)
  const server = await listen(({ path }, _n, response) => {
    const asked = new URLSearchParams(path.split('?')[1]).getAll('key')
    const [from, to] = ['2026-11-21T01:00:00+05:30', '2026-11-22T01:00:00+05:30']
    const items = asked.map((key) => ({ key, from, to }))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(items.length === 1 ? items[0] : { items }))
  })
  onTestFinished(server.close)
  const answers = await createClient({ url: server.url }).read(keys, { tz: 'Asia/Kolkata' })
  expect(answers.map(({ key }) => key)).toEqual(keys)
  const paths = server.received.map(({ path }) => path)
  expect(paths.length).toBeGreaterThan(1)
  for (const path of paths) expect(path.length).toBeLessThan(8_000)
  expect(paths[0]).not.toContain('from=')
  for (const path of paths.slice(1)) {
    const search = new URLSearchParams(path.split('?')[1])
    expect([search.get('from'), search.get('to')]).toEqual([answers[0]?.from, answers[0]?.to])
  }
})

test('keys in parts are of one hour, also where a range with a name has moved on between two parts', async () => {
  const keys = Array.from({ length: 20 }, (_, i) => `${String.fromCharCode(97 + i)}${'ü'.repeat(242)}!`)
  const server = await listen(({ path }, n, response) => {
    const search = new URLSearchParams(path.split('?')[1])
    expect([search.get('range'), search.has('from')]).toEqual(['today', false])
    // The hour turns after the first part.
    const to = n === 0 ? '2026-11-21T20:00:00Z' : '2026-11-21T21:00:00Z'
    response.writeHead(200, { 'content-type': 'application/json' })
    const items = search.getAll('key').map((key) => ({ key, to }))
    response.end(JSON.stringify(items.length === 1 ? items[0] : { items }))
  })
  onTestFinished(server.close)
  const answers = await createClient({ url: server.url }).read(keys, { range: 'today' })
  expect(answers.map(({ key }) => key)).toEqual(keys)
  expect(new Set(answers.map(({ to }) => to))).toEqual(new Set(['2026-11-21T21:00:00Z']))
})

test('a prefix added up: by the hour, as asked, or altogether in a range', async () => {
  const { sumdial, asked } = await serve(
    '{"prefix":"a/","total":{"sum":3}}',
    '{"prefix":"","total":{"sum":4}}',
    '{"prefix":"","total":{"sum":5}}',
  )
  expect((await sumdial.readPrefix('a/')).total.sum).toBe(3n)
  expect((await sumdial.readPrefix('', { bucket: 'month' })).total.sum).toBe(4n)
  expect((await sumdial.readPrefix('', { range: 'all' })).total.sum).toBe(5n)
  expect(asked()).toEqual([
    '/behind/a/proxy/counters?bucket=hour&prefix=a%2F',
    '/behind/a/proxy/counters?bucket=month&prefix=',
    '/behind/a/proxy/counters?range=all&prefix=',
  ])
})

test('[A2] what was read can be written as JSON again, with the same integers', async () => {
  const big = '12345678901234567890123'
  const body = `{"key":"a","total":{"sum":${big},"count":2},"buckets":[{"start":"x","sum":-7},{"start":"y","sum":9007199254740993}]}`
  const { sumdial } = await serve(body, body, '{"items":[{"key":"a","sum":5}],"nextCursor":null}')
  const counter = await sumdial.read('a')
  const rawJson = (JSON as { rawJSON?: unknown }).rawJSON
  if (rawJson !== undefined) expect(JSON.stringify(counter)).toBe(body)
  // As in a runtime without JSON.rawJSON: what a number cannot hold is a text.
  Object.assign(JSON, { rawJSON: undefined })
  onTestFinished(() => void Object.assign(JSON, { rawJSON: rawJson }))
  expect(JSON.stringify(await sumdial.read('a'))).toBe(
    body.replace(big, `"${big}"`).replace('9007199254740993', '"9007199254740993"'),
  )
  expect(JSON.stringify((await sumdial.list()).items)).toBe('[{"key":"a","sum":5}]')
  expect(structuredClone(counter.total)).toEqual({ sum: BigInt(big), count: 2 })
})
