import { describe, expect, test, vi } from 'vitest'
import { clock } from '../../src/clock.ts'
import type { Rights } from '../../src/model/access/grant.ts'
import { importSecret, signToken } from '../../src/model/access/signed-token.ts'
import { goodOf } from '../support/result.ts'
import { freshKey, ownShard } from './support.ts'
import { ask, bodyOf, envWith, postJson } from './tokens.ts'

const SECRET = 'n'.repeat(32)
const OLD = 'o'.repeat(64)

const signed = async (name: string, rights: Rights, expires?: string, secret = SECRET) =>
  goodOf(await signToken(name, rights, expires, await importSecret(secret)))

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const count = async (env: Awaited<ReturnType<typeof envWith>>, token: string, item: object, more = {}) => {
  const response = await ask(env, undefined, '/increment', postJson(item, { ...bearer(token), ...more }))
  return { status: response.status, body: await bodyOf(response) }
}

describe('a signed token', async () => {
  const own: Rights = { scopes: ['write'], prefix: 'customers/acme', valueMax: 10 }
  const worker = await envWith({}, { API_TOKENS: undefined, TOKEN_SECRET: SECRET })
  const acme = await signed('acme', own)

  test('[S2] does what it says, to keys under its prefix and within its limits, and nothing else', async () => {
    const key = `customers/acme/${freshKey()}`
    const { at } = ownShard()
    expect(await count(worker, acme, { key, at, value: 10 })).toMatchObject({ status: 202 })
    expect(await count(worker, acme, { key, at, value: 11 })).toMatchObject({ status: 422 })
    expect(await count(worker, acme, { key, at, value: -1 })).toMatchObject({ status: 422 })
    expect(await count(worker, acme, { key: 'customers/other', at })).toMatchObject({ status: 403 })
    for (const path of [`/counters/${key}`, '/status', '/metrics']) {
      expect((await ask(worker, undefined, path, { headers: bearer(acme) })).status).toBe(403)
    }
    const session = await ask(worker, undefined, '/session', { headers: bearer(acme) })
    expect(await session.json()).toMatchObject({ name: 'acme', scopes: ['write'], prefix: 'customers/acme' })
  })

  test('[S1] is the only way in where there is a secret and no other token', async () => {
    expect((await ask(worker, undefined, '/status')).status).toBe(401)
    const closed = await envWith({}, { API_TOKENS: undefined, TOKEN_SECRET: undefined })
    expect(await count(closed, acme, { key: 'a' })).toMatchObject({
      status: 403,
      body: { type: 'urn:sumdial:problem:closed-to-all' },
    })
    const others = await envWith({ web: { scopes: ['read'] } })
    expect(await count(others, acme, { key: 'a' })).toMatchObject({ status: 401 })
    // The local Worker is open only without either.
    const dev = await envWith({}, { API_TOKENS: undefined, TOKEN_SECRET: SECRET, DEV_ACCESS: 'open' })
    expect((await ask(dev, undefined, '/status')).status).toBe(401)
  })

  test('[S2] that nobody signed is refused, as often as it is sent', async () => {
    const widened = acme.replace(
      /\.[\w-]+\./,
      `.${btoa(JSON.stringify({ name: 'acme', scopes: ['admin'] })).replaceAll('=', '')}.`,
    )
    const forged = [widened, acme.slice(0, -1), `${acme}A`, await signed('acme', own, undefined, OLD)]
    for (const token of [...forged, ...forged]) {
      expect(await count(worker, token, { key: 'customers/acme' })).toMatchObject({
        status: 401,
        body: { detail: expect.stringContaining('not known') },
      })
    }
  })

  test('[S2] is refused from the second in which it expires, also when it was let in before', async () => {
    const token = await signed('brief', own, new Date(Date.now() + 60_000).toISOString())
    expect(await count(worker, token, { key: 'customers/acme' })).toMatchObject({ status: 202 })
    const later = vi.spyOn(clock, 'now').mockReturnValue(Date.now() + 60_000)
    expect(await count(worker, token, { key: 'customers/acme' })).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining('expired') },
    })
    later.mockRestore()
  })

  test('[S2] is refused when its name is revoked, and so is a token of API_TOKENS', async () => {
    const env = await envWith(
      { web: { scopes: ['read'] }, ops: { scopes: ['read'] } },
      { TOKEN_SECRET: SECRET, REVOKED_TOKENS: 'acme, web' },
    )
    const told = { status: 401, body: { detail: expect.stringContaining('revoked') } }
    expect(await count(env, acme, { key: 'customers/acme' })).toMatchObject(told)
    expect(await count(env, await signed('acme-2', own), { key: 'customers/acme' })).toMatchObject({
      status: 202,
    })
    expect((await ask(env, 'web', '/status')).status).toBe(401)
    expect((await ask(env, 'ops', '/status')).status).toBe(200)
  })

  test('[S2] goes on while a new secret replaces its own, and ends with it', async () => {
    const token = await signed('acme', own, undefined, OLD)
    const both = await envWith({}, { API_TOKENS: undefined, TOKEN_SECRET: `${SECRET},${OLD}` })
    expect(await count(both, token, { key: 'customers/acme' })).toMatchObject({ status: 202 })
    expect(await count(both, acme, { key: 'customers/acme' })).toMatchObject({ status: 202 })
    expect(await count(worker, token, { key: 'customers/acme' })).toMatchObject({ status: 401 })
  })

  test('[I3] has Idempotency-Keys of its own, whatever a token of API_TOKENS is called', async () => {
    const env = await envWith({ acme: { scopes: ['write'] } }, { TOKEN_SECRET: SECRET })
    const { at } = ownShard()
    const item = { key: `customers/acme/${freshKey()}`, at }
    const name = { 'idempotency-key': freshKey() }
    expect(await count(env, acme, item, name)).toMatchObject({ body: { accepted: 1 } })
    expect(await count(env, acme, item, name)).toMatchObject({ body: { duplicates: 1 } })
    const stored = await ask(env, 'acme', '/increment', postJson(item, name))
    expect(await bodyOf(stored)).toMatchObject({ accepted: 1 })
  })
})
