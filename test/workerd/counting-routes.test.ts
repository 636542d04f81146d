import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ROUTES } from '../../src/edge/routes.ts'
import { currentShard, freshKey } from './support.ts'
import { ask, BROKEN, envWith, SECRET, textOf } from './tokens.ts'

const ACME = 'site/acme'
const TOKENS = {
  web: { scopes: ['write'], prefix: ACME },
  page: { scopes: ['hit'], prefix: ACME },
  wide: { scopes: ['write', 'read'], prefix: ACME },
  ops: { scopes: ['read'] },
} as const

const METERS = JSON.stringify([
  { name: 'events', match: { type: 'view' }, key: '{subject}' },
  { name: 'points', match: { metric: 'views' }, key: '{attributes.key}' },
])

const worker = await envWith(TOKENS, { METERS })
const { at } = currentShard()

type Counting = {
  readonly path: string
  /** The Content-Type; routes of page views have no body. */
  readonly type?: string
  readonly bodyOf?: (key: string) => unknown
}

const event = (subject: string) => ({
  specversion: '1.0',
  id: crypto.randomUUID(),
  source: '/test',
  type: 'view',
  time: at,
  subject,
})

function points(key: string) {
  const timeUnixNano = `${Date.parse(at) + 1}000000`
  const attributes = [{ key: 'key', value: { stringValue: key } }]
  const sum = { aggregationTemporality: 1, dataPoints: [{ asInt: '1', timeUnixNano, attributes }] }
  // Equal bytes would count once.
  const scope = { name: crypto.randomUUID() }
  return { resourceMetrics: [{ scopeMetrics: [{ scope, metrics: [{ name: 'views', sum }] }] }] }
}

/** A request with one increment for each route that counts. */
const COUNTING: Readonly<Record<string, Counting>> = {
  'POST /increment': { path: '/increment', type: 'application/json', bodyOf: (key) => ({ key, at }) },
  'POST /records': {
    path: '/records?key={key}&at={at}',
    type: 'application/x-ndjson',
    bodyOf: (key) => ({ key, at }),
  },
  'POST /v1/metrics': { path: '/v1/metrics', type: 'application/json', bodyOf: points },
  'POST /events': { path: '/events', type: 'application/cloudevents+json', bodyOf: event },
  'POST /api/v1/events': {
    path: '/api/v1/events',
    type: 'application/cloudevents-batch+json',
    bodyOf: (key) => [event(key)],
  },
  'POST /hit/*': { path: '/hit' },
}

const routes = Object.entries(COUNTING)

const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`

/** The places of a token, each as headers and as what it adds to the address. */
const PLACES: Readonly<Record<string, (token: string) => { authorization?: string; inAddress?: string }>> = {
  Bearer: (token) => ({ authorization: `Bearer ${token}` }),
  'the user of Basic': (token) => ({ authorization: basic(token, '') }),
  'the password of Basic': (token) => ({ authorization: basic('x', token) }),
  'the address': (token) => ({ inAddress: token }),
}

async function gzipped(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

type Sent = {
  readonly key: string
  readonly place?: string
  readonly token?: string
  readonly env?: typeof worker
  /** In place of the good body. */
  readonly body?: Uint8Array | string
  readonly encoding?: string
}

async function send({ path, type, bodyOf }: Counting, sent: Sent): Promise<Response> {
  const { key, place = 'the address', env = worker, encoding = 'gzip' } = sent
  const isHit = bodyOf === undefined
  const { token = textOf(isHit ? 'page' : 'web') } = sent
  const { authorization, inAddress } = PLACES[place]?.(token) ?? {}
  const address = isHit ? `${path}/${key}` : path
  const more = inAddress === undefined ? '' : `${address.includes('?') ? '&' : '?'}access_token=${inAddress}`
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
  if (isHit) return ask(env, undefined, address + more, { method: 'POST', headers })
  const body = sent.body ?? (await gzipped(JSON.stringify(bodyOf(key))))
  Object.assign(headers, { 'content-type': type, 'content-encoding': encoding })
  return ask(env, undefined, address + more, { method: 'POST', headers, body: body as BodyInit })
}

async function sumOf(key: string): Promise<number> {
  const answer = await ask(worker, 'ops', `/counters?key=${encodeURIComponent(key)}`)
  return ((await answer.json()) as { total: { sum: number } }).total.sum
}

test('every route that counts is tried here', () => {
  const counting = ROUTES.filter(({ method, needs }) => method === 'POST' && /^(write|hit)$/.test(needs))
  expect(Object.keys(COUNTING)).toEqual(counting.map(({ method, path }) => `${method} ${path}`))
})

describe.each(routes)('%s', (_, route) => {
  test('counts gzip, by a token in any of its places', async () => {
    const key = `${ACME}/${freshKey()}`
    for (const place of Object.keys(PLACES)) {
      const answer = await send(route, { key, place })
      expect(answer.status, `${place}: ${await answer.text()}`).toBeLessThan(300)
    }
    expect(await sumOf(key)).toBe(Object.keys(PLACES).length)
  })

  test.skipIf(route.bodyOf === undefined)(
    'counts nothing of gzip that goes on behind a zero byte, because zlib drops what is there in silence',
    async () => {
      const key = `${ACME}/${freshKey()}`
      const good = await gzipped(JSON.stringify(route.bodyOf?.(key)))
      for (const more of [new Uint8Array(), await gzipped('\n')]) {
        const body = new Uint8Array([...good, 0, ...more])
        expect([400, 422]).toContain((await send(route, { key, body })).status)
      }
      expect(await sumOf(key)).toBe(0)
    },
  )

  test('[S2] counts nothing for a key that is not under the prefix of its token', async () => {
    const keys = [`${ACME}-corp/${freshKey()}`, freshKey()]
    for (const key of keys) await send(route, { key })
    expect(await Promise.all(keys.map(sumOf))).toEqual([0, 0])
  })
})

describe.each(routes)('%s, when it fails,', (_, route) => {
  let logged: string[] = []

  beforeEach(() => {
    logged = []
    const write = (...args: unknown[]) => void logged.push(...args.map((each) => JSON.stringify(each)))
    for (const level of ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const) {
      vi.spyOn(console, level).mockImplementation(write)
    }
  })

  afterEach(() => vi.restoreAllMocks())

  const unable = envWith(TOKENS, { METERS, SHARD: BROKEN })

  const faults: [string, () => Promise<Partial<Sent>>][] = [
    ['an unknown token', async () => ({ token: SECRET })],
    ['a wide token', async () => ({ token: textOf('wide') })],
    ['a key of others', async () => ({ key: `other/${SECRET}` })],
    ['no shard', async () => ({ env: await unable })],
  ]
  const faultsOfBodies: typeof faults = [
    ['a body that is no such thing', async () => ({ body: `{"${SECRET}`, encoding: 'identity' })],
    ['bytes that are no gzip', async () => ({ body: SECRET })],
    ['gzip that is cut off', async () => ({ body: (await gzipped(SECRET)).slice(0, 18) })],
    ['another compression', async () => ({ encoding: 'zstd' })],
    ['too much', async () => ({ body: await gzipped(SECRET.repeat(1 << 20)) })],
  ]

  test.each(route.bodyOf === undefined ? faults : [...faults, ...faultsOfBodies])(
    '[S2] tells neither its token nor its key, in its answer or the log: %s',
    async (_, more) => {
      const answer = await send(route, { key: `${ACME}/${SECRET}`, ...(await more()) })
      const told = [await answer.text(), JSON.stringify([...answer.headers]), ...logged].join('\n')
      for (const secret of [SECRET, ...Object.keys(TOKENS).map(textOf)]) expect(told).not.toContain(secret)
      expect(answer.status, told).not.toBe(500)
    },
  )
})
