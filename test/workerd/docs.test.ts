import { createExecutionContext } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import worker from '../../src/index.ts'
import { call, env } from './support.ts'
import { ask, envWith } from './tokens.ts'

describe('what the Worker says of itself', () => {
  test('/openapi.json is the document, with the address that it was asked at', async () => {
    const response = await call('/openapi.json')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      openapi: '3.1.0',
      servers: [{ url: 'http://sumdial.test' }],
      paths: { '/increment': { post: { operationId: 'increment' } } },
    })
  })

  test('/docs is a page that loads nothing and runs nothing', async () => {
    const response = await call('/docs')
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    const page = await response.text()
    expect(page).toContain('POST /increment')
    expect(page).not.toMatch(/<script|<link|<img|src=|url\(/)
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
  })

  test('is for everyone where there are tokens: pages and tools read it without one', async () => {
    const worker = await envWith({ read: { scopes: ['read'] } })
    for (const path of ['/openapi.json', '/docs']) {
      const response = await ask(worker, undefined, path)
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toMatch(/^public/)
    }
  })

  test('[S1] a Worker without tokens tells nobody anything', async () => {
    const { DEV_ACCESS: _, ...closed } = env as typeof env & { DEV_ACCESS: string }
    for (const path of ['/openapi.json', '/docs']) {
      const request = new Request(`http://sumdial.test${path}`)
      const response = await worker.fetch(request as never, { ...closed }, createExecutionContext())
      expect(response.status).toBe(403)
    }
  })
})
