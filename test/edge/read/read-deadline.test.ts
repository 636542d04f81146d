import { describe, expect, test } from 'vitest'
import { createApp } from '../../../src/edge/app.ts'
import type { Ports } from '../../../src/edge/ports.ts'
import { FRESH_TRIES_MAX, READ_MS_MAX } from '../../../src/limits.ts'
import { TooSlow, type Unsettled } from '../../../src/model/read.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { scheduleOf } from '../../support/schedule.ts'

const OPEN: Unsettled = {
  writer: 'w',
  settledSeq: 0,
  nextSeq: 1,
  open: { sum: 1n, count: 1, min: 1, max: 1 },
  parked: null,
  frozen: [],
}

/** The route of one key, before shards that never fit what Postgres says, each as late as it is told. */
function world(late: { shardMs: number; postgresMs: number }) {
  const clock = new FakeClock(Date.UTC(2026, 10, 21, 20, 15))
  const tries = { count: 0 }
  const keptAlive: Promise<unknown>[] = []
  const context = {
    waitUntil: (turn: Promise<unknown>) => void keptAlive.push(turn),
    passThroughOnException: () => undefined,
    props: {},
  }
  const ports = {
    clock,
    log: () => undefined,
    config: { isOpen: true, allowedOrigins: [], hitPath: '/hit', shards: scheduleOf('1') },
    shards: {
      unsettled: async (_: string, keys: readonly string[]) => {
        await clock.sleep(late.shardMs)
        return keys.map(() => OPEN)
      },
    },
    database: {
      readCommitted: async () => {
        tries.count++
        await clock.sleep(late.postgresMs)
        return {
          counters: new Map(),
          ledger: new Map([['w', { seq: 9, sealed: false }]]),
          unreadable: [],
          coarse: [],
        }
      },
      list: async () => {
        await clock.sleep(late.postgresMs)
        throw new TooSlow('list', new Error('it took too long'))
      },
    },
  }
  const app = createApp(ports as unknown as Ports)
  return { clock, tries, keptAlive, get: async (path: string) => app.request(path, undefined, {}, context) }
}

const SLOW = 'A shard or Postgres did not answer in time.'

describe('a read', () => {
  test.each([
    ['quick', { shardMs: 1, postgresMs: 1 }, FRESH_TRIES_MAX, 'New data reached Postgres'],
    ['slow', { shardMs: READ_MS_MAX / 4, postgresMs: READ_MS_MAX / 4 }, 2, SLOW],
    ['hanging in a shard', { shardMs: READ_MS_MAX * 10, postgresMs: 1 }, 0, SLOW],
    ['hanging in Postgres', { shardMs: 1, postgresMs: READ_MS_MAX * 10 }, 1, SLOW],
  ])(
    'whose tries are all in vain is a 503 in time, and says why and when to ask again: %s',
    async (_, late, tries, why) => {
      const { clock, tries: made, get } = world(late)
      const response = get('/counters/a')
      await clock.pass(READ_MS_MAX)
      const answer = await response
      const { detail } = (await answer.json()) as { detail: string }
      expect([answer.status, answer.headers.get('retry-after'), made.count]).toEqual([503, '2', tries])
      expect(detail).toContain(why)
    },
  )

  test('that outlives its answer is kept alive, because only its own timer cancels the statement in Postgres', async () => {
    const { clock, keptAlive, get } = world({ shardMs: 1, postgresMs: READ_MS_MAX + 1_000 })
    const response = get('/counters/a')
    await clock.pass(READ_MS_MAX)
    expect((await response).status).toBe(503)
    let isOver = false
    const over = Promise.all(keptAlive).then(() => {
      isOver = true
    })
    await clock.pass(900)
    expect(isOver).toBe(false)
    await clock.pass(READ_MS_MAX * 2 * FRESH_TRIES_MAX)
    await over
  })
})

test('a read asks nothing more once its answer has gone, however often it could try again', async () => {
  // Its third try is under way when the answer leaves.
  const { clock, tries, keptAlive, get } = world({ shardMs: 1, postgresMs: (READ_MS_MAX * 3) / 8 })
  const response = get('/counters/a')
  await clock.pass(READ_MS_MAX)
  expect([(await response).status, tries.count]).toEqual([503, 3])
  await clock.pass(READ_MS_MAX / 4)
  await Promise.all(keptAlive)
  await clock.pass(READ_MS_MAX * FRESH_TRIES_MAX)
  expect([tries.count, clock.timers]).toEqual([3, 0])
})

describe('a list', () => {
  test('that takes all of its time in Postgres still says what to ask instead', async () => {
    const { clock, get } = world({ shardMs: 1, postgresMs: READ_MS_MAX + 300 })
    const response = get('/keys?prefix=')
    await clock.pass(READ_MS_MAX + 300)
    const answer = await response
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { detail: expect.stringContaining('Ask for') },
    ])
  })
})
