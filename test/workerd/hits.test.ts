import { describe, expect, test } from 'vitest'
import { HIT_KEYS_PER_PREFIX_MAX } from '../../src/limits.ts'
import { call, freshKey, HOUR, shardOf } from './support.ts'
import { ask, bodyOf, envWith, textOf } from './tokens.ts'

const ACME = `site/${freshKey()}`
const TOKENS = {
  page: { scopes: ['hit'], prefix: ACME },
  list: { scopes: ['hit'], prefix: ACME, keys: [`${ACME}/a`] },
  ops: { scopes: ['read'] },
} as const

const worker = await envWith(TOKENS)

const PIXEL = { method: 'GET' }
const BEACON = { method: 'POST' }

/** A view as a page sends it: all that it has to say is in the address. */
function view(key: string, init: RequestInit = PIXEL, { env = worker, token = 'page', path = '/hit' } = {}) {
  return ask(env, undefined, `${path}/${key}?access_token=${textOf(token)}`, init)
}

async function sumOf(key: string): Promise<number> {
  const response = await ask(worker, 'ops', `/counters?key=${encodeURIComponent(key)}`)
  return ((await response.json()) as { total: { sum: number } }).total.sum
}

const key = () => `${ACME}/${freshKey()}`

describe('a page view', () => {
  test('[S3] adds 1 to its key, as a picture or as a beacon, under any name that a path can have', async () => {
    const own = key()
    const picture = await view(own)
    expect(picture.status).toBe(200)
    expect((await picture.arrayBuffer()).byteLength).toBe(43)
    expect(Object.fromEntries(picture.headers)).toMatchObject({
      'content-type': 'image/gif',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    })
    const beacon = await view(own, {
      ...BEACON,
      body: '{"value":7}',
      headers: { 'content-type': 'text/plain' },
    })
    expect([beacon.status, await beacon.text()]).toEqual([204, ''])
    expect(await sumOf(own)).toBe(2)
    const path = key()
    expect((await view(`${path}/caf%C3%A9%20%23a`, BEACON)).status).toBe(204)
    expect(await sumOf(`${path}/café #a`)).toBe(1)
  })

  test('[S3] has no name, so two alike are two, and no id is kept', async () => {
    const own = key()
    const before = (await shardOf(HOUR).stub.status()).ids
    for (const _ of [1, 2]) await view(own, { ...BEACON, headers: { 'idempotency-key': 'same' } })
    expect(await sumOf(own)).toBe(2)
    expect((await shardOf(HOUR).stub.status()).ids).toBe(before)
  })

  test('[S3] says nothing but its key: no value, no time, no other key', async () => {
    const own = key()
    for (const more of ['value=5', 'at=2026-11-21T20:00:00Z', 'id=a', 'key=b']) {
      const response = await ask(
        worker,
        undefined,
        `/hit/${own}?access_token=${textOf('page')}&${more}`,
        BEACON,
      )
      expect(response.status).toBe(422)
    }
    for (const odd of ['site/other', ACME.slice(0, -1), `${ACME}-corp/a`]) {
      expect((await view(odd, BEACON)).status).toBe(403)
    }
    expect((await view(`${own}/%00`, BEACON)).status).toBe(422)
    expect((await view(`${own}/${'a'.repeat(600)}`, BEACON)).status).toBe(422)
    expect((await view(`${own}/%FF`, BEACON)).status).toBe(422)
    expect((await view(`${ACME}/b`, BEACON, { token: 'list' })).status).toBe(403)
    expect((await view(`${ACME}/a`, BEACON, { token: 'list' })).status).toBe(204)
    expect(await sumOf(own)).toBe(0)
  })

  test('[S3] is not counted when nobody looks: prefetched, prerendered, previewed, or asked by HEAD', async () => {
    const own = key()
    const ahead = [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-purpose': 'preview' },
      { 'x-moz': 'prefetch' },
    ]
    for (const headers of ahead as Record<string, string>[]) {
      expect((await view(own, { headers })).status).toBe(200)
      expect((await view(own, { ...BEACON, headers })).status).toBe(204)
    }
    expect((await view(own, { method: 'HEAD' })).status).toBe(200)
    expect(await sumOf(own)).toBe(0)
  })

  test('[S3] without a token that may is refused, and a session never is one', async () => {
    const own = key()
    expect((await ask(worker, undefined, `/hit/${own}`)).status).toBe(401)
    expect((await view(own, PIXEL, { token: 'nobody' })).status).toBe(401)
    expect((await view(own, PIXEL, { token: 'ops' })).status).toBe(403)
    const cookie = { headers: { cookie: `sumdial=${textOf('page')}` } }
    expect((await ask(worker, undefined, `/hit/${own}`, cookie)).status).toBe(401)
  })

  test('[S3] is limited by the address of whoever views, whatever the token', async () => {
    const keys: string[] = []
    const limited = (success: boolean) => ({
      limit: async ({ key }: { key: string }) => {
        keys.push(key)
        return { success }
      },
    })
    const from = { ...BEACON, headers: { 'cf-connecting-ip': '192.0.2.7' } }
    const own = key()
    const env = await envWith(TOKENS, { HIT_LIMIT: limited(true) })
    for (const token of ['page', 'list']) await view(`${ACME}/a`, from, { env, token })
    expect(keys).toEqual(['192.0.2.7', '192.0.2.7'])
    const full = await envWith(TOKENS, { HIT_LIMIT: limited(false) })
    expect((await view(own, from, { env: full })).status).toBe(429)
    expect(await sumOf(own)).toBe(0)
    // Others than views have their own limit.
    expect((await ask(full, 'ops', '/status', { headers: from.headers })).status).toBe(200)
  })

  test('[S3] past a thousand keys of a prefix counts under one of all others, and leaves the first ones theirs', async () => {
    const prefix = `site/${freshKey()}`
    const env = await envWith({ page: { scopes: ['hit'], prefix } })
    const { stub } = shardOf(HOUR)
    await view(`${prefix}/first`, BEACON, { env })
    const keys = Array.from({ length: HIT_KEYS_PER_PREFIX_MAX - 1 }, (_, i) => `${prefix}/${i}`)
    const answers = await Promise.all(keys.map((each) => stub.admitHit(prefix, each)))
    expect(answers.every(({ isAdmitted }) => isAdmitted)).toBe(true)
    for (const page of ['new', 'newer', 'first', '7', '(other)']) {
      expect((await view(`${prefix}/${page}`, BEACON, { env })).status).toBe(204)
    }
    const sums = ['first', '7', 'new', 'newer', '(other)'].map((page) => sumOf(`${prefix}/${page}`))
    expect(await Promise.all(sums)).toEqual([2, 1, 0, 0, 3])
    // Another prefix has room of its own.
    const own = key()
    await view(own, BEACON)
    expect(await sumOf(own)).toBe(1)
  })

  test('is counted wherever HIT_PATH says, with the script beside it', async () => {
    const env = await envWith(TOKENS, { HIT_PATH: '/p/v' })
    const own = key()
    expect((await view(own, BEACON, { env, path: '/p/v' })).status).toBe(204)
    expect((await ask(env, undefined, '/p/v.js')).status).toBe(200)
    for (const path of ['/hit', '/p', '/p/v/..']) {
      expect((await ask(env, 'ops', `${path}/${own}`)).status).toBe(404)
    }
    expect((await ask(env, 'ops', '/hit.js')).status).toBe(404)
    expect(await sumOf(own)).toBe(1)
  })

  test('is told of a fault by its place', async () => {
    const env = await envWith(TOKENS, { HIT_PATH: '/counters' })
    const { status, detail } = { status: 500, ...(await bodyOf(await ask(env, 'ops', '/status'))) }
    expect({ status, detail }).toMatchObject({
      status: 500,
      detail: expect.stringContaining('HIT_PATH must not begin'),
    })
  })
})

test('the script of page views is for every page, and kept for an hour', async () => {
  const response = await call('/hit.js')
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=3600',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
  })
  expect(await response.text()).toContain('sendBeacon')
})
