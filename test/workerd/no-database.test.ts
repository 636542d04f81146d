import { createExecutionContext } from 'cloudflare:test'
import { expect, test } from 'vitest'
import worker, { type Env } from '../../src/index.ts'
import { env, freshKey } from './support.ts'
import { postJson } from './tokens.ts'

/** A Worker that was deployed, or started with `wrangler dev`, and nothing else. */
const bare = { ...env, DATABASE_URL: undefined, NEON_FETCH_ENDPOINT: undefined } as unknown as Env
const closed = { ...bare, DEV_ACCESS: undefined } as unknown as Env

async function ask(own: Env, path: string, init?: RequestInit) {
  const request = new Request(`http://sumdial.test${path}`, init)
  const response = await worker.fetch(request as never, own, createExecutionContext())
  return { status: response.status, text: await response.text() }
}

const WHAT_TO_DO = ['.dev.vars', 'npm run dev', 'npx wrangler secret put DATABASE_URL']

test('without DATABASE_URL it counts, and reads and /status say what to do, on this machine and at Cloudflare', async () => {
  const key = freshKey()
  expect((await ask(bare, '/increment', postJson({ key }))).status).toBe(202)
  for (const path of [
    `/counters/${key}`,
    `/counters?prefix=${key}&bucket=day`,
    '/keys?prefix=x',
    '/status?ledger=1',
  ]) {
    const { status, text } = await ask(bare, path)
    expect([path, status, JSON.parse(text).type]).toEqual([path, 503, 'urn:sumdial:problem:no-database'])
    for (const words of WHAT_TO_DO) expect(JSON.parse(text).detail).toContain(words)
  }
  const { status, text } = await ask(bare, '/status')
  expect(status).toBe(200)
  expect(JSON.parse(text).notices).toMatchObject([
    { kind: 'database', text: expect.stringContaining('.dev.vars') },
  ])
  expect((await ask(bare, '/metrics')).text).toContain('sumdial_notices{kind="database"} 1')
})

test('[S1] without tokens it refuses everything, also with no database, and says how to open it on your own machine', async () => {
  for (const [path, init] of [['/status'], ['/increment', postJson({ key: 'k' })]] as const) {
    const { status, text } = await ask(closed, path, init)
    expect([status, JSON.parse(text).type]).toEqual([403, 'urn:sumdial:problem:closed-to-all'])
    for (const words of ['npm run token', '.dev.vars', 'npm run dev', 'npx wrangler secret put API_TOKENS']) {
      expect(JSON.parse(text).detail).toContain(words)
    }
  }
})
