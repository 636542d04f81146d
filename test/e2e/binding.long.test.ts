import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addHours, formatHour, hourOf } from '../../src/model/hour.ts'
import type { Served } from '../support/served.ts'
import { settledStatus } from '../support/status.ts'
import { ask, asked, openShop, type Shop } from './shop.ts'

const HOUR = hourOf(Date.now())

/** Now, but never of another hour than the rest of this run. */
const AT = HOUR * 3_600_000

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop?.close())

type Http = { readonly path: string; readonly body?: unknown; readonly idempotencyKey?: string }

/** An answer over HTTP, in the form of a Result. */
async function overHttp(served: Served, { path, body, idempotencyKey }: Http): Promise<string> {
  const headers = new Headers({ 'content-type': 'application/json' })
  if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey)
  const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(served.url + path, init)
  const text = await response.text()
  const retryAfter = response.headers.get('retry-after')
  const more = retryAfter === null ? '' : `,"retryAfterSeconds":${retryAfter}`
  return response.ok ? `{"ok":true,"answer":${text}}` : `{"ok":false,"problem":${text}${more}}`
}

const accepted = (count = 1) => ({ ok: true, answer: { accepted: count, duplicates: 0, conflicts: [] } })

const refused = (status: number, more: object = {}) => ({ ok: false, problem: { status, ...more } })

/** Asks one question both ways. */
type Pair = readonly [what: string, method: string, args: readonly unknown[], http: Http]

const increment = (what: string, body: unknown, options?: { idempotencyKey: string }): Pair => [
  what,
  'increment',
  options === undefined ? [body] : [body, options],
  { path: '/increment', body, ...options },
]

const get = (
  what: string,
  method: string,
  question: unknown,
  path: string,
  parameters: Record<string, string> | [string, string][] = {},
): Pair => [what, method, [question], { path: `${path}?${new URLSearchParams(parameters)}` }]

const RANGE = { from: AT - 3 * 3_600_000, to: AT + 3_600_000 }
const RANGE_TEXT = { from: String(RANGE.from), to: String(RANGE.to) }

const COUNTED: readonly Pair[] = [
  increment('one increment', { key: 'both/way', value: 2, at: AT }),
  increment('an array', [{ key: 'both/way' }, { key: 'both/other', at: new Date(AT).toISOString() }]),
  increment('nothing', []),
]

const READ: readonly Pair[] = [
  get('a counter', 'read', { key: 'both/sum', ...RANGE }, '/counters', { key: 'both/sum', ...RANGE_TEXT }),
  get(
    'days in a zone, of Postgres alone',
    'read',
    { key: 'both/sum', ...RANGE, bucket: 'day', tz: 'Asia/Kolkata', consistency: 'committed' },
    '/counters',
    { key: 'both/sum', ...RANGE_TEXT, bucket: 'day', tz: 'Asia/Kolkata', consistency: 'committed' },
  ),
  get(
    'several counters, and more fresh hours',
    'read',
    { key: ['both/sum', 'both/none'], ...RANGE, freshHours: 5 },
    '/counters',
    [['key', 'both/sum'], ['key', 'both/none'], ...Object.entries({ ...RANGE_TEXT, freshHours: '5' })],
  ),
  get('a list', 'list', { prefix: 'both/s', ...RANGE }, '/keys', { prefix: 'both/s', ...RANGE_TEXT }),
  get('a list in groups', 'list', { prefix: '', ...RANGE, sort: '-sum', depth: 1, limit: 1 }, '/keys', {
    prefix: '',
    ...RANGE_TEXT,
    sort: '-sum',
    depth: '1',
    limit: '1',
  }),
  get('a prefix', 'readPrefix', { prefix: 'both/s', ...RANGE, bucket: 'day' }, '/counters', {
    prefix: 'both/s',
    ...RANGE_TEXT,
    bucket: 'day',
  }),
  get('an hour', 'hour', formatHour(HOUR), `/hours/${formatHour(HOUR)}`),
]

const REFUSED: readonly Pair[] = [
  increment('no objects', ['x', null, 7, [[]]]),
  increment('faults in several', [
    { key: '' },
    { key: 'a', value: 0 },
    { key: 'a', value: -1 },
    { key: 'a', value: 1.5 },
    { key: 'a', value: 2 ** 53 },
    { key: 'a', at: 'now' },
    { key: 'a', id: 'no time' },
    { key: 'a', valeu: 1 },
  ]),
  increment('an id beside a name', { key: 'a', at: AT, id: 'x' }, { idempotencyKey: 'y' }),
  increment('a name without a time', { key: 'a' }, { idempotencyKey: 'y' }),
  increment(
    'too many',
    Array.from({ length: 10_001 }, () => ({ key: 'a' })),
  ),
  get('no key', 'read', {}, '/counters'),
  get('an unknown parameter', 'read', { key: 'a', form: AT }, '/counters', { key: 'a', form: String(AT) }),
  get('a fraction of an hour', 'read', { key: 'a', freshHours: 1.5 }, '/counters', {
    key: 'a',
    freshHours: '1.5',
  }),
  get('no cursor', 'list', { prefix: 'a', cursor: 'x' }, '/keys', { prefix: 'a', cursor: 'x' }),
  get('no hour', 'hour', 'yesterday', '/hours/yesterday'),
  get('an hour to come', 'hour', formatHour(addHours(HOUR, 9)), `/hours/${formatHour(addHours(HOUR, 9))}`),
]

describe('another Worker, through a service binding', () => {
  let served: Served

  beforeAll(async () => {
    served = await shop.serveBoth({ DEV_ACCESS: 'open' })
    const sum = { key: 'both/sum', value: Number.MAX_SAFE_INTEGER, at: AT }
    expect(await asked(served, 'SUMDIAL', 'increment', [sum, sum, sum])).toEqual(accepted(3))
    await settledStatus(served.url)
  })

  afterAll(() => served?.stop())

  test('[R1] counts a visit, and reads it back at once', async () => {
    const visit = async () => (await fetch(`http://127.0.0.1:${served.besidePort}/pricing`)).text()
    expect([await visit(), await visit()]).toEqual(['You are visitor 1.', 'You are visitor 2.'])
  })

  test("README's line for another Worker counts", async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
    const line = /^const counted = await env\.SUMDIAL\.increment\(.*\)/m.exec(readme)?.[0]
    const program = new Function('env', `return (async () => { ${line}; return counted })()`)
    const increment = (...args: unknown[]) => asked(served, 'SUMDIAL', 'increment', ...args)
    expect(await program({ SUMDIAL: { increment } })).toEqual(accepted())
  })

  test.each(COUNTED)('counts as over HTTP: %s', async (_, method, args, http) => {
    const answer = await overHttp(served, http)
    expect(answer).toContain('"ok":true')
    expect(await ask(served, 'SUMDIAL', method, ...args)).toBe(answer)
  })

  test.each(REFUSED)('[I2] is refused as over HTTP: %s', async (_, method, args, http) => {
    const answer = await overHttp(served, http)
    expect(answer).toContain('"ok":false')
    expect(await ask(served, 'SUMDIAL', method, ...args)).toBe(answer)
  })

  test('is told the same as over HTTP of what is counted', async () => {
    // The hour's pending count would change between the two, unless it is 0.
    await settledStatus(served.url)
    for (const [what, method, args, http] of READ) {
      const answer = await overHttp(served, http)
      expect(answer, what).toContain('"ok":true')
      expect(await ask(served, 'SUMDIAL', method, ...args), what).toBe(answer)
    }
  })

  test('[A2] sums cross as bigints, exact past 2^53', async () => {
    expect(await ask(served, 'SUMDIAL', 'read', { key: 'both/sum', ...RANGE })).toContain(
      '"total":{"sum":27021597764222973,"count":3,',
    )
  })

  test.each([
    ['a bigint', { key: 'odd', value: '$bigint' }, 'value'],
    ['no number', { key: 'odd', value: '$nan' }, 'value'],
    ['zero with a sign', { key: 'odd', value: '$negativeZero' }, 'value'],
    ['a Date', { key: 'odd', at: '$date' }, 'at'],
    ['a Map', '$map', 'key'],
    ['a function', '$function', ''],
    ['nothing', '$undefined', ''],
    ['half a character', { key: '$surrogate' }, 'key'],
  ])('[I2] what JSON could not have brought is refused by its name: %s', async (_, item, path) => {
    expect(await asked(served, 'SUMDIAL', 'increment', [{ key: 'odd' }, item])).toMatchObject(
      refused(422, { errors: [{ index: 1, path }] }),
    )
    expect(await asked(served, 'SUMDIAL', 'read', { key: 'odd' })).toMatchObject({
      answer: { total: { count: 0 } },
    })
  })

  test.each([
    ['increment', [{ key: 'odd' }, null], 'options'],
    ['increment', [{ key: 'odd' }, { idempotency_key: 'x' }], 'idempotency_key'],
    ['increment', [{ key: 'odd', at: AT }, { idempotencyKey: '' }], 'idempotencyKey'],
    ['read', ['odd'], 'question'],
    ['read', ['$map'], 'question'],
    ['read', ['$function'], 'question'],
    ['read', [{ key: '$surrogate' }], 'key'],
    ['read', [{ key: 'odd', from: '$date' }], 'from'],
    ['read', [{ key: 'odd', from: '$nan' }], 'from'],
    ['list', ['$undefined'], 'question'],
    ['list', [{ prefix: 5 }], 'prefix'],
    ['hour', ['$date'], 'hour'],
  ])('is told which option is wrong: %s %j', async (method, args, parameter) => {
    expect(await asked(served, 'SUMDIAL', method, ...args)).toMatchObject(refused(422, { parameter }))
  })

  test('[I3] counts once under an Idempotency-Key, which is the own one of its name', async () => {
    const named = (binding: string, value: number) =>
      asked(served, binding, 'increment', { key: 'site/acme/named', value, at: AT }, { idempotencyKey: 'k' })
    expect(await named('SUMDIAL', 1)).toEqual(accepted())
    expect(await named('SUMDIAL', 1)).toMatchObject({ answer: { accepted: 0, duplicates: 1 } })
    expect(await named('SUMDIAL', 2)).toMatchObject(refused(422, { type: 'urn:sumdial:problem:id-conflict' }))
    expect(await named('ACME', 1)).toEqual(accepted())
    const body = { key: 'site/acme/named', at: AT }
    expect(await overHttp(served, { path: '/increment', body, idempotencyKey: 'k' })).toBe(
      JSON.stringify(accepted()),
    )
  })

  test('[S2] does what its props say, to keys under their prefix', async () => {
    const one = (key: string, value = 1) => ({ key, value, at: AT })
    expect(await asked(served, 'ACME', 'increment', one('site/acme/page'))).toEqual(accepted())
    expect(await asked(served, 'ACME', 'increment', [one('site/acme'), one('site/acme-corp')])).toMatchObject(
      refused(403, { errors: [{ index: 1, path: 'key' }] }),
    )
    expect(await asked(served, 'ACME', 'read', { key: 'site/acme-corp' })).toMatchObject(refused(403))
    expect(await asked(served, 'ACME', 'list', { prefix: 'shop' })).toMatchObject(refused(403))
    expect(await asked(served, 'READER', 'increment', one('a'))).toMatchObject(refused(403))
    expect(await asked(served, 'READER', 'read', { key: 'a' })).toMatchObject({ ok: true })
    expect(await asked(served, 'ADJUSTER', 'increment', one('adjusted', -1))).toEqual(accepted())
    expect(await asked(served, 'ADJUSTER', 'read', { key: 'a' })).toMatchObject(refused(403))
    expect(await asked(served, 'SUMDIAL', 'increment', one('a', -1))).toMatchObject(refused(422))
  })

  test('that has faulty props is told of each, and does nothing', async () => {
    const told = {
      type: 'urn:sumdial:problem:not-configured',
      detail: /scopes\[0\] must be one of write.*name/,
    }
    for (const method of ['increment', 'read', 'list', 'hour']) {
      expect(await asked(served, 'FAULTY', method, { key: 'a' })).toMatchObject(
        refused(500, { ...told, detail: expect.stringMatching(told.detail) }),
      )
    }
  })

  test('calls nothing but the operations, and none of the HTTP interface', async () => {
    for (const [binding, method] of [
      ['SUMDIAL', 'fetch'],
      ['SUMDIAL', 'status'],
      ['SUMDIAL', 'operations'],
      ['SUMDIAL', 'ctx'],
      ['HTTP', 'increment'],
    ] as const) {
      expect(await asked(served, binding, method, 'http://sumdial/status')).toHaveProperty('thrown')
    }
  })
})

describe('a Worker without tokens', () => {
  test('[S1] refuses all HTTP, from a binding too, and counts for bindings to its entrypoint', async () => {
    const served = await shop.serveBoth({})
    try {
      const closed = { type: 'urn:sumdial:problem:closed-to-all', status: 403 }
      expect(JSON.parse(await overHttp(served, { path: '/counters?key=a' }))).toMatchObject({
        problem: closed,
      })
      expect(await asked(served, 'HTTP', 'fetch', 'http://sumdial/counters?key=a')).toMatchObject(closed)
      expect(await asked(served, 'SUMDIAL', 'increment', { key: 'closed' })).toEqual(accepted())
    } finally {
      await served.stop()
    }
  })

  test('that is not configured says what is missing', async () => {
    const served = await shop.serveBoth({ LATE_HOURS: 'x' })
    try {
      expect(await asked(served, 'SUMDIAL', 'increment', { key: 'a' })).toMatchObject(
        refused(500, { detail: expect.stringContaining('LATE_HOURS') }),
      )
    } finally {
      await served.stop()
    }
  })
})
