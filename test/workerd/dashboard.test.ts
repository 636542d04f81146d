import { createExecutionContext } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import worker, { type Env } from '../../src/index.ts'
import { call, count, env, freshKey, ownShard, ring } from './support.ts'
import { ask, envWith, postJson, textOf } from './tokens.ts'

const tokens = {
  ops: { scopes: ['read', 'write', 'admin'] as const },
  acme: { scopes: ['read'] as const, prefix: 'site/acme' },
  web: { scopes: ['write'] as const },
}

const ORIGIN = 'https://sumdial.test'

/** As a browser that was given a cookie would ask. */
function browse(worldEnv: Env, path: string, cookie: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('cookie', cookie)
  const request = new Request(`${ORIGIN}${path}`, { ...init, headers })
  return worker.fetch(request as never, worldEnv, createExecutionContext()) as Promise<Response>
}

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }

async function signIn(worldEnv: Env, token: string): Promise<{ response: Response; cookie: string }> {
  const headers = { authorization: `Bearer ${textOf(token)}` }
  const response = await browse(worldEnv, '/session', '', { method: 'POST', headers })
  const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';')
  return { response, cookie }
}

describe('the dashboard', () => {
  test('is one page for every view, with nothing in it from elsewhere and no script of its own', async () => {
    const pages = await Promise.all(
      ['/', '/chart?key=a', '/tree', '/shards'].map(async (path) => (await call(path)).text()),
    )
    expect(new Set(pages).size).toBe(1)
    expect(pages[0]).not.toMatch(/https?:|\/\/|<style|<script>|style=/)
    const policy = (await call('/')).headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /)
    expect(policy).not.toContain('unsafe')
  })

  test('loads files that may be kept for ever, for their names are of their content', async () => {
    const page = await (await call('/')).text()
    const names = Array.from(page.matchAll(/\/dashboard\/[0-9a-f]{10}\.\w+/g), ([name]) => name)
    expect(names.map((name) => name.replace(/^.*\./, ''))).toEqual(['svg', 'css', 'js'])
    for (const name of names) {
      const { status, headers } = await call(name)
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
    expect((await call('/dashboard/constructor')).status).toBe(404)
  })

  test('[S1] is there before one signs in, tells of no data, and not at all where there are no tokens', async () => {
    const world = await envWith(tokens)
    expect((await ask(world, undefined, '/')).status).toBe(200)
    expect((await ask(world, undefined, '/session')).status).toBe(401)
    const { DEV_ACCESS: _, ...closed } = env as typeof env & { DEV_ACCESS: string }
    for (const path of ['/', '/shards', '/dashboard/a.js', '/session', '/badge/a.svg']) {
      expect((await browse({ ...closed }, path, '')).status).toBe(403)
    }
  })

  test('needs no session where dev opens the Worker', async () => {
    expect(await (await call('/session')).json()).toMatchObject({ name: '', isOpen: true, prefix: null })
    expect((await call('/session', { method: 'POST' })).headers.has('set-cookie')).toBe(false)
  })
})

describe('an address that is no page', () => {
  const PERSON = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

  test('says so to a person, in a page that leads back, and to a program in a problem', async () => {
    for (const path of ['/nonsense', '/chart/', '/counterz/a']) {
      const [page, problem] = await Promise.all([call(path, { headers: PERSON }), call(path)])
      expect([page.status, page.headers.get('content-type')]).toEqual([
        404,
        expect.stringMatching(/^text\/html/),
      ])
      const text = await page.text()
      expect(text).toMatch(/There is no such page.*<a href="\/">/s)
      expect(text).not.toMatch(/<script|<link|<img|src=|url\(/)
      expect([problem.status, problem.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    }
  })

  test('is a problem for everyone where an address is of the API, or more is asked than to look', async () => {
    for (const [path, init, status] of [
      ['/counters', {}, 422],
      ['/hours/now', {}, 422],
      ['/increment', {}, 405],
      ['/nonsense', { method: 'POST' }, 404],
    ] as const) {
      const response = await call(path, { ...init, headers: PERSON })
      expect([path, response.status, response.headers.get('content-type')]).toEqual([
        path,
        status,
        'application/problem+json',
      ])
    }
  })

  test('[S1] tells nobody of what there is', async () => {
    const world = await envWith(tokens)
    const unknown = await ask(world, undefined, '/nonsense', { headers: PERSON })
    expect([unknown.status, await unknown.text()]).toEqual([404, expect.not.stringContaining('/keys')])
    expect((await ask(world, undefined, '/nonsense')).status).toBe(401)
    const { DEV_ACCESS: _, ...closed } = env as typeof env & { DEV_ACCESS: string }
    expect((await browse({ ...closed }, '/nonsense', '', { headers: PERSON })).status).toBe(403)
  })
})

describe('a session', () => {
  test('keeps the token where no script and no other page has it, and reads with it', async () => {
    const world = await envWith(tokens)
    const { response, cookie } = await signIn(world, 'acme')
    expect(await response.json()).toMatchObject({
      name: 'acme',
      prefix: 'site/acme',
      scopes: ['read'],
      isOpen: false,
    })
    const flags = (response.headers.get('set-cookie') ?? '').split('; ').slice(1)
    expect(flags).toEqual(expect.arrayContaining(['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']))
    expect(cookie).toMatch(/^__Host-sumdial=/)
    expect((await browse(world, '/session', cookie)).status).toBe(200)
    expect((await browse(world, '/counters?key=site/acme/a', cookie)).status).toBe(200)
  })

  test('[S2] does what its token may, and nothing else', async () => {
    const world = await envWith(tokens)
    const { cookie } = await signIn(world, 'acme')
    for (const path of [
      '/counters?key=site/other',
      '/keys?prefix=b',
      '/counters?prefix=b&bucket=day',
      '/status',
    ]) {
      expect((await browse(world, path, cookie)).status).toBe(403)
    }
    const shard = postJson({ shard: '2026-11-21T20Z/0' }, OWN_PAGE)
    expect((await browse(world, '/parked/retry', cookie, shard)).status).toBe(403)
    const { response } = await signIn(world, 'web')
    expect([response.status, response.headers.has('set-cookie')]).toEqual([403, false])
    expect((await signIn(world, 'nobody')).response.status).toBe(401)
  })

  test('[S2] [R1] adds up its own keys alone, of what shards hold too', async () => {
    const world = await envWith(tokens)
    const { cookie } = await signIn(world, 'acme')
    const sum = async () => {
      const response = await browse(world, '/counters?prefix=site/&bucket=day', cookie)
      return ((await response.json()) as { total: { sum: number } }).total.sum
    }
    const before = await sum()
    for (const key of ['site/acme/x', 'site/acme', 'site/acme-corp', 'site/other'])
      await count({ key, value: 10 })
    expect((await sum()) - before).toBe(20)
  })

  test('[S2] decides on parked cells from its own pages alone', async () => {
    const world = await envWith(tokens)
    const { cookie } = await signIn(world, 'ops')
    const retry = (headers: Record<string, string>) =>
      browse(world, '/parked/retry', cookie, postJson({ shard: ownShard().name }, headers))
    for (const headers of [OWN_PAGE, { origin: ORIGIN }]) expect((await retry(headers)).status).toBe(200)
    const foreign: Record<string, string>[] = [
      {},
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-site', origin: ORIGIN },
      { 'sec-fetch-site': 'cross-site', origin: ORIGIN },
    ]
    for (const headers of foreign) expect((await retry(headers)).status).toBe(401)
  })

  test('never counts', async () => {
    const world = await envWith(tokens)
    const { cookie } = await signIn(world, 'ops')
    const response = await browse(world, '/increment', cookie, postJson({ key: freshKey() }, OWN_PAGE))
    expect(response.status).toBe(401)
  })

  test('ends with its token, and when one signs out', async () => {
    const world = await envWith(tokens)
    const { cookie } = await signIn(world, 'ops')
    const without = await envWith({ acme: tokens.acme })
    expect((await browse(without, '/session', cookie)).status).toBe(401)
    const out = await browse(without, '/session', cookie, { method: 'DELETE' })
    expect([out.status, out.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringMatching(/^__Host-sumdial=; .*Max-Age=0/),
    ])
  })

  test('another method is told which there are', async () => {
    const response = await call('/session', { method: 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE'])
  })
})

describe('GET /badge/{key}.svg', () => {
  const world = (PUBLIC_PREFIXES: string) => envWith(tokens, { PUBLIC_PREFIXES })

  test('shows the sum of a public key to everyone, and may be kept', async () => {
    const shard = ownShard()
    const key = freshKey()
    await count({ key, value: 12_345, at: shard.at })
    await ring(shard)
    const response = await ask(await world('docs, test'), undefined, `/badge/${key}.svg?label=a<b&range=7d`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^image\/svg\+xml/)
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    const svg = await response.text()
    expect(svg).toContain('>12.3k</text>')
    expect(svg).toContain(`<title>${key}, last 7 days: 12345</title>`)
    expect(svg).toContain('>a&lt;b</text>')
  })

  test('[S2] tells of no other key, nor whether there is one', async () => {
    const open = await world('site/acme')
    for (const path of ['site/acme-corp', 'site', 'site/other', '%E0%A4%A']) {
      expect((await ask(open, 'ops', `/badge/${path}.svg`)).status).toBe(404)
    }
    expect((await ask(await world(''), 'ops', '/badge/site/acme.svg')).status).toBe(404)
    expect((await ask(open, undefined, '/badge/site/acme/x')).status).toBe(404)
    expect((await ask(open, undefined, '/badge/site/acme.svg?range=1h')).status).toBe(422)
    for (const label of ['%00', '%1b', '%EF%BF%BF', 'x'.repeat(1_000)]) {
      expect((await ask(open, undefined, `/badge/site/acme.svg?label=${label}`)).status).toBe(422)
    }
    for (const key of ['%00', 'x'.repeat(600)]) {
      expect((await ask(open, undefined, `/badge/site/acme/${key}.svg`)).status).toBe(404)
    }
    expect((await ask(open, undefined, '/badge/site/acme.svg')).status).toBe(200)
  })
})
