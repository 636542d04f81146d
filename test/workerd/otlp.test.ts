import { expect, test } from 'vitest'
import { hourStartMs } from '../../src/model/hour.ts'
import { HOUR } from './support.ts'
import { ask, envWith, textOf } from './tokens.ts'

const tokens = {
  shop: { scopes: ['write'], prefix: 'otel/shop' },
  reader: { scopes: ['read'] },
} as const

/** One delta of 3, in the hour in which the tests began. */
function delivery(metric: string): RequestInit {
  const timeUnixNano = `${hourStartMs(HOUR)}000001`
  const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asInt: '3', timeUnixNano }] }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
  const body = JSON.stringify({
    resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: metric, sum }] }] }],
  })
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body }
}

test('[S2] OTLP is counted by a token that may write, in its header or its address, and others are told in its words', async () => {
  const env = await envWith(tokens)
  expect(await (await ask(env, 'shop', '/v1/metrics', delivery('a'))).json()).toEqual({})
  const inAddress = `/v1/metrics?access_token=${textOf('shop')}`
  expect((await ask(env, undefined, inAddress, delivery('b'))).status).toBe(200)

  const unknown = await ask(env, 'nobody', '/v1/metrics', delivery('a'))
  expect(unknown.status).toBe(401)
  expect(unknown.headers.get('www-authenticate')).toContain('Bearer')
  expect(await unknown.json()).toMatchObject({ code: 16, message: expect.stringContaining('not known') })
  const reader = await ask(env, 'reader', '/v1/metrics', delivery('a'))
  expect([reader.status, await reader.json()]).toMatchObject([403, { code: 7 }])
  const protobuf = { ...delivery('a'), headers: { 'content-type': 'application/x-protobuf' } }
  const refused = await ask(env, 'nobody', '/v1/metrics', protobuf)
  expect([refused.status, refused.headers.get('content-type')]).toEqual([401, 'application/x-protobuf'])

  const query = await ask(env, 'shop', '/v1/metrics?dryRun=1', delivery('a'))
  expect([query.status, await query.json()]).toMatchObject([422, { code: 3 }])
})
