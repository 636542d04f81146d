import { expect, test } from 'vitest'
import { apiOf } from '../../../../src/edge/api.ts'
import { queueConsumer } from '../../../../src/edge/ingest/formats/queue.ts'
import type { Ports } from '../../../../src/edge/ports.ts'
import { QUEUE_RETRY_SECONDS_MAX, REQUEST_SHARDS_MAX } from '../../../../src/limits.ts'
import type { LogLine } from '../../../../src/log.ts'
import { metersSchema } from '../../../../src/model/meter/definition.ts'
import { CountingShards } from '../../../support/counting-shards.ts'
import { nodeClock } from '../../../support/node-clock.ts'
import { scheduleOf } from '../../../support/schedule.ts'

const METERS = JSON.stringify([
  { name: 'orders', match: { queue: 'orders' }, key: '{body.key}', at: '{body.at|or:1}' },
])

function stage() {
  const shards = new CountingShards(nodeClock)
  const lines: LogLine[] = []
  const ports = {
    clock: nodeClock,
    log: (line: LogLine) => lines.push(line),
    config: { shards: scheduleOf('1'), lateHours: scheduleOf('1000000'), meters: metersSchema.parse(METERS) },
    shards: { merge: shards.merge, wake: async () => undefined },
  } as unknown as Ports
  const consume = queueConsumer({ ...ports, api: apiOf(ports) })
  /** Hands over messages and answers with what became of each: acknowledged, or the seconds until it comes again. */
  const deliver = async (bodies: readonly unknown[], attempts = 1) => {
    const fates: unknown[] = bodies.map(() => 'nothing')
    const messages = bodies.map((body, i) => ({
      id: `message-${i}`,
      timestamp: new Date(nodeClock.now()),
      body,
      attempts,
      ack: () => {
        fates[i] = 'acknowledged'
      },
      retry: ({ delaySeconds = 0 } = {}) => {
        fates[i] = delaySeconds
      },
    }))
    await consume({ queue: 'orders', messages }, () => undefined)
    return fates
  }
  return { shards, lines, deliver }
}

test('a message that a shard did not take comes again later and later, and counts once then', async () => {
  const { shards, deliver } = stage()
  shards.before = () => ({ kind: 'refused', reason: 'full' })
  const delays = []
  for (const attempts of [1, 2, 3, 9, 10, 100]) delays.push(...(await deliver([{ key: 'a' }], attempts)))
  expect(delays).toEqual([2, 4, 8, 512, QUEUE_RETRY_SECONDS_MAX, QUEUE_RETRY_SECONDS_MAX])
  shards.before = () => undefined
  expect(await deliver([{ key: 'a' }], 101)).toEqual(['acknowledged'])
  expect(shards.sums).toEqual({ a: 1 })
})

test('[I5] messages that go to too many shards together are counted one by one', async () => {
  const { shards, deliver } = stage()
  const bodies = Array.from({ length: REQUEST_SHARDS_MAX + 1 }, (_, i) => {
    return { key: 'a', at: nodeClock.now() - i * 3_600_000 }
  })
  expect(new Set(await deliver(bodies))).toEqual(new Set(['acknowledged']))
  expect(shards.sums).toEqual({ a: REQUEST_SHARDS_MAX + 1 })
})

test('[N2] messages that are not counted are told in the log by their number, without keys', async () => {
  const { lines, deliver } = stage()
  await deliver([{ name: 'secret' }, { key: 'a', at: 'secret' }])
  expect(lines).toEqual([
    expect.objectContaining({ message: 'records refused', format: 'queue', refused: 2 }),
  ])
  expect(JSON.stringify(lines)).not.toContain('secret')
})
