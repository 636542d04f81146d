import { createExecutionContext } from 'cloudflare:test'
import { expect, test } from 'vitest'
import worker, { type Env } from '../../src/index.ts'
import { formatHour } from '../../src/model/hour.ts'
import { env, freshKey, HOUR } from './support.ts'
import { postJson } from './tokens.ts'

/** Everything by which a request or the cron may be the first to use a shard's name. */
async function useAll(more: object) {
  const hints: unknown[] = []
  const SHARD = {
    idFromName: (name: string) => env.SHARD.idFromName(name),
    getByName(name: string, options?: unknown) {
      hints.push(options)
      return env.SHARD.getByName(name)
    },
  }
  const own = { ...env, ...more, SHARD } as unknown as Env
  const key = freshKey()
  const uses: [path: string, init?: RequestInit][] = [
    ['/increment', postJson({ key })],
    [`/counters/${key}`],
    [`/counters?prefix=${key}&bucket=day`],
    [`/hours/${formatHour(HOUR)}`],
    ['/status'],
    ['/metrics'],
  ]
  for (const [path, init] of uses) {
    const before = hints.length
    const request = new Request(`http://sumdial.test${path}`, init)
    expect((await worker.fetch(request as never, own, createExecutionContext())).ok, path).toBe(true)
    expect(hints.length, path).toBeGreaterThan(before)
  }
  const before = hints.length
  await worker.scheduled({ scheduledTime: Date.now() } as ScheduledController, own)
  expect(hints.length).toBeGreaterThan(before)
  return new Set(hints.map((hint) => JSON.stringify(hint)))
}

test('whoever uses a shard first says where LOCATION puts it: flights, reads, status, scrapes and the cron', async () => {
  expect(await useAll({ LOCATION: 'weur' })).toEqual(new Set(['{"locationHint":"weur"}']))
  expect(await useAll({})).toEqual(new Set([undefined]))
})
