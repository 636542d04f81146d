import { describe, expect, test } from 'vitest'
import { env, freshKey, ownShard } from './support.ts'
import { ask, bodyOf, envWith, postJson, textOf } from './tokens.ts'

const TOKENS = {
  page: { scopes: ['write'], prefix: 'site/acme' },
  fix: { scopes: ['write', 'adjust'] },
  all: { scopes: ['write', 'read'] },
  ops: { scopes: ['read', 'admin'] },
} as const

const worker = await envWith(TOKENS)
const { at } = ownShard()

const basic = (user: string, password = '') => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` })

const item = () => ({ key: `site/acme/${freshKey()}`, at })

const query = (name: string) => `/increment?access_token=${textOf(name)}`

async function told(asked: Promise<Response>) {
  const response = await asked
  return { status: response.status, detail: (await bodyOf(response)).detail }
}

describe('a token', () => {
  test('may stand in Bearer, as user or password of Basic, and in the address', async () => {
    const token = textOf('page')
    const places: [string, Record<string, string>][] = [
      ['/increment', { authorization: `Bearer ${token}` }],
      ['/increment', basic(token)],
      ['/increment', basic('', token)],
      ['/increment', basic('x', token)],
      ['/increment', basic(token, 'x')],
      [query('page'), {}],
    ]
    for (const [path, headers] of places) {
      expect((await ask(worker, undefined, path, postJson(item(), headers))).status).toBe(202)
    }
    const read = await ask(worker, undefined, '/status', { headers: basic(textOf('ops')) })
    expect(read.status).toBe(200)
  })

  test('that is not known is refused from any place', async () => {
    for (const [path, headers] of [
      ['/increment', basic('x', 'y')],
      ['/increment?access_token=x', {}],
    ] as const) {
      expect((await ask(worker, undefined, path, postJson(item(), headers))).status).toBe(401)
    }
    expect((await ask(worker, undefined, '/increment?access_token=', postJson(item()))).status).toBe(401)
  })

  test('[S2] in an address may count and nothing else, because addresses are logged', async () => {
    for (const name of ['fix', 'all']) {
      expect(await told(ask(worker, undefined, query(name), postJson(item())))).toEqual({
        status: 403,
        detail: expect.stringContaining(
          'may have the scope `write` or `hit` alone, because addresses are logged',
        ),
      })
    }
    for (const name of ['all', 'ops', 'page']) {
      for (const path of ['/status', '/counters/site/acme', '/session']) {
        const asked = ask(worker, undefined, `${path}?access_token=${textOf(name)}`)
        expect(await told(asked)).toEqual({ status: 401, detail: expect.stringContaining('Send a token') })
      }
      const retry = postJson({ shard: '2026-11-21T20Z/0' })
      const parked = `/parked/retry?access_token=${textOf(name)}`
      expect((await ask(worker, undefined, parked, retry)).status).toBe(401)
    }
    const other = { key: 'site/other', at }
    expect((await ask(worker, undefined, query('page'), postJson(other))).status).toBe(403)
  })

  test('in the header counts before one in the address', async () => {
    const asked = ask(worker, 'page', query('all'), postJson({ key: 'site/other', at }))
    expect(await told(asked)).toMatchObject({ status: 403, detail: expect.stringContaining('`site/acme`') })
  })

  test('in the address twice is refused, and the address has no other parameter', async () => {
    for (const more of [`&access_token=${textOf('page')}`, '&dryRun=1']) {
      const asked = await ask(worker, undefined, `${query('page')}${more}`, postJson(item()))
      expect(asked.status).toBe(422)
      expect(JSON.stringify(await bodyOf(asked))).not.toContain(textOf('page'))
    }
  })
})

describe('a beacon', () => {
  const beacon = (body: unknown, headers: Record<string, string> = {}) =>
    postJson(body, { 'content-type': 'text/plain;charset=UTF-8', ...headers })

  test('counts JSON that is sent as text, with its token in the address', async () => {
    const items = [item(), item()]
    const response = await ask(worker, undefined, query('page'), beacon(items))
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 202,
      body: { accepted: 2 },
    })
    expect((await ask(worker, undefined, query('page'), beacon('key=a'))).status).toBe(400)
    const latin = beacon(items, { 'content-type': 'text/plain; charset=latin1' })
    expect((await ask(worker, undefined, query('page'), latin)).status).toBe(415)
  })

  test('[S2] of another site, or of the own, does nothing by the cookie of a session', async () => {
    for (const site of ['cross-site', 'same-site', 'same-origin']) {
      const cookie = {
        cookie: `sumdial=${textOf('all')}`,
        'sec-fetch-site': site,
        origin: 'http://sumdial.test',
      }
      expect((await ask(worker, undefined, '/increment', beacon(item(), cookie))).status).toBe(401)
    }
    for (const site of ['cross-site', 'same-site', 'none']) {
      const cookie = { cookie: `sumdial=${textOf('ops')}`, 'sec-fetch-site': site }
      const retry = beacon({ shard: '2026-11-21T20Z/0' }, cookie)
      expect((await ask(worker, undefined, '/parked/retry', retry)).status).toBe(401)
    }
  })

  test('[S1] of another site does nothing to a Worker that dev opens, unless its origin is allowed', async () => {
    const from = (site: string, origin: string) => beacon(item(), { 'sec-fetch-site': site, origin })
    const page = 'https://page.test'
    expect(await told(ask(env, undefined, '/increment', from('cross-site', page)))).toEqual({
      status: 403,
      detail: expect.stringContaining('ALLOWED_ORIGINS'),
    })
    const retry = beacon({ shard: '2026-11-21T20Z/0' }, { 'sec-fetch-site': 'cross-site' })
    expect((await ask(env, undefined, '/parked/retry', retry)).status).toBe(403)
    expect((await ask(env, undefined, '/increment', from('same-site', 'http://localhost:3000'))).status).toBe(
      202,
    )
    const allowing = await envWith({}, { API_TOKENS: undefined, DEV_ACCESS: 'open', ALLOWED_ORIGINS: page })
    expect((await ask(allowing, undefined, '/increment', from('cross-site', page))).status).toBe(202)
  })
})
