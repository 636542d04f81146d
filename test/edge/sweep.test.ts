import { expect, test } from 'vitest'
import { sweep } from '../../src/edge/sweep.ts'
import type { Hour } from '../../src/model/hour.ts'
import { formatHour } from '../../src/model/hour.ts'
import type { Schedule } from '../../src/model/schedule.ts'
import { parseSchedule } from '../../src/model/schedule.ts'

const scheduleOf = (text: string) => parseSchedule(text, { min: 0, max: 1e6 }) as Schedule

async function sweepAt(nowMs: number, shards = '2') {
  const woken: string[] = []
  const asked: string[] = []
  const swept = await sweep(nowMs, {
    shards: scheduleOf(shards),
    lateHours: scheduleOf('72'),
    wake: async (shard) => {
      woken.push(shard)
      if (shard.endsWith('/1')) throw new Error('no answer')
    },
    prune: async () => 7,
    stragglers: async (before: Hour) => {
      asked.push(formatHour(before))
      return ['2026-11-01T00Z/0']
    },
  })
  return { woken, asked, swept }
}

test('[F4] the hourly sweep wakes the shards of the last hours, and asks no SQL', async () => {
  const { woken, asked, swept } = await sweepAt(Date.UTC(2026, 10, 21, 20, 7))
  expect(woken).toEqual(
    ['2026-11-21T20Z', '2026-11-21T19Z', '2026-11-21T18Z'].flatMap((hour) => [`${hour}/0`, `${hour}/1`]),
  )
  expect(asked).toEqual([])
  expect(swept).toEqual({ woken: 3, failed: 3, pruned: 0 })
})

test('[F4] [Z1] once a day it also wakes the shards of closed hours that are not sealed', async () => {
  const { woken, asked, swept } = await sweepAt(Date.UTC(2026, 10, 21, 3, 7))
  expect(asked).toEqual(['2026-11-18T03Z'])
  expect(woken).toContain('2026-11-01T00Z/0')
  expect(swept.pruned).toBe(7)
})

test('of very many shards it wakes only as many as one run may', async () => {
  const { woken } = await sweepAt(Date.UTC(2026, 10, 21, 20, 7), '256')
  expect(woken.length).toBeLessThan(50)
})
