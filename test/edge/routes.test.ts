import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createApp } from '../../src/edge/app.ts'
import type { Ports } from '../../src/edge/ports.ts'
import { REQUEST_BYTES_MAX } from '../../src/limits.ts'
import { nodeClock } from '../support/node-clock.ts'
import { scheduleOf } from '../support/schedule.ts'

/** An open Worker whose shards accept everything. */
const APP = createApp({
  clock: nodeClock,
  log: () => undefined,
  config: {
    isOpen: true,
    allowedOrigins: [],
    hitPath: '/hit',
    shards: scheduleOf('1'),
    lateHours: scheduleOf('1000000'),
  },
  shards: {
    merge: async () => ({ kind: 'accepted' }),
    decideParked: async () => 1,
    wake: async () => undefined,
  },
} as unknown as Ports)

const CONTEXT = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} }

async function post(path: string, body: unknown) {
  const headers = { 'content-type': 'application/json' }
  const request = new Request(`http://worker${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const response = await APP.fetch(request, {}, CONTEXT)
  return { status: response.status, body: await response.json() }
}

describe('a POST', () => {
  test.each([
    ['/increment', { key: 'a' }, 202],
    ['/parked/retry', { shard: '2026-11-21T20Z/0' }, 200],
    ['/parked/discard', { shard: '2026-11-21T20Z/0', keys: ['a'] }, 200],
  ])('to %s takes no parameter in its query, as the document says', async (path, body, status) => {
    expect((await post(path, body)).status).toBe(status)
    expect(await post(`${path}?dryRun=1`, body)).toMatchObject({ status: 422, body: { parameter: 'dryRun' } })
  })

  test.each(['retry', 'discard'])(
    '[I5] of 4 MiB of nested arrays to /parked/%s is refused without being parsed',
    async (action) => {
      const half = REQUEST_BYTES_MAX / 2
      const request = new Request(`http://worker/parked/${action}`, {
        method: 'POST',
        body: '['.repeat(half) + ']'.repeat(half),
      })
      // It takes 700 ms and more for such a body, and several seconds on a busy machine.
      const parse = vi.spyOn(JSON, 'parse')
      onTestFinished(() => parse.mockRestore())
      expect((await APP.fetch(request, {}, CONTEXT)).status).toBe(422)
      expect(parse).not.toHaveBeenCalled()
    },
  )

  test('[I5] that would write to too many shards is a 413 that says what to do', async () => {
    const nowMs = nodeClock.now()
    const items = Array.from({ length: 1_000 }, (_, i) => ({ key: 'a', at: nowMs - i * 3_600_000 }))
    expect(await post('/increment', items)).toMatchObject({
      status: 413,
      body: {
        type: 'urn:sumdial:problem:too-many-shards',
        detail:
          'These increments go to 1000 shards, and one request may write to 256. ' +
          'Send several requests, each with increments of fewer hours. Nothing was counted.',
      },
    })
  })
})

test('an address longer than the platform takes is a 414 that says what to do, here as there', async () => {
  const search = new URLSearchParams()
  for (let i = 0; i < 20; i++) search.append('key', `${i}${'ü'.repeat(240)}`)
  const response = await APP.fetch(new Request(`http://worker/counters?${search}`), {}, CONTEXT)
  expect(response.status).toBe(414)
  expect(await response.json()).toMatchObject({
    type: 'urn:sumdial:problem:address-too-long',
    detail: expect.stringContaining('at most 16384 are allowed. Ask for fewer keys in each request.'),
  })
})
