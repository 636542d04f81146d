import { expect, test } from 'vitest'
import { type SweepServices, sweeper } from '../../../src/edge/background/sweep.ts'
import { DATABASE_SLEEPS_MS } from '../../../src/limits.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { formatHour } from '../../../src/model/hour.ts'
import { NO_ROLLUPS } from '../../support/no-rollups.ts'
import { scheduleOf } from '../../support/schedule.ts'

type Given = { readonly shards?: string; readonly retentionDays?: number; readonly isKeptAwake?: boolean }

/** @param times of one isolate's sweeps; what is answered is of the last of them. */
async function sweepAt(times: number | readonly number[], given: Given = {}) {
  const { shards = '2', retentionDays, isKeptAwake = false } = given
  let [woken, asked, deletedBefore]: [string[], string[], string[]] = [[], [], []]
  const services: SweepServices = {
    config: {
      shards: scheduleOf(shards),
      lateHours: scheduleOf('72'),
      retentionDays,
      flushIntervalMs: isKeptAwake ? DATABASE_SLEEPS_MS - 1 : DATABASE_SLEEPS_MS,
    },
    shards: {
      wake: async (shard) => {
        woken.push(shard)
        if (shard.endsWith('/1')) throw new Error('no answer')
        return { writer: 'current' }
      },
    },
    database: {
      prune: async () => 7,
      stragglers: async (before: Hour) => {
        asked.push(formatHour(before))
        return [{ shard: '2026-11-01T00Z/0', writers: ['current'] }]
      },
      sealAll: async (writers) => writers.length,
      withRollups: (work) => work(NO_ROLLUPS),
      deleteBefore: async (before) => {
        deletedBefore.push(formatHour(before))
        return { deleted: 5, hasMore: true }
      },
    },
    log: () => {},
  }
  const sweep = sweeper(services)
  const [first = 0, ...others] = [times].flat()
  let swept = await sweep(first)
  for (const nowMs of others) {
    ;[woken, asked, deletedBefore] = [[], [], []]
    swept = await sweep(nowMs)
  }
  return { woken, asked, deletedBefore, swept }
}

test('[F4] the hourly sweep wakes the shards of the last hours, and asks no SQL', async () => {
  const { woken, asked, swept } = await sweepAt(Date.UTC(2026, 10, 21, 20, 7))
  expect(woken).toEqual(
    ['2026-11-21T20Z', '2026-11-21T19Z', '2026-11-21T18Z'].flatMap((hour) => [`${hour}/0`, `${hour}/1`]),
  )
  expect(asked).toEqual([])
  expect(swept).toEqual({ woken: 3, failed: 3, sealed: 0, pruned: 0, deleted: 0, hasMore: false })
})

test('[F4] [Z1] once a day it also wakes the shards of closed hours that are not sealed', async () => {
  const { woken, asked, swept } = await sweepAt(Date.UTC(2026, 10, 21, 3, 7))
  expect(asked).toEqual(['2026-11-18T03Z'])
  expect(woken).toContain('2026-11-01T00Z/0')
  expect(swept.pruned).toBe(7)
})

test('of very many shards it wakes only as many as one run may', async () => {
  const { woken } = await sweepAt(Date.UTC(2026, 10, 21, 20, 7), { shards: '256' })
  expect(woken.length).toBeLessThan(50)
})

const NIGHT = Date.UTC(2026, 10, 21, 3, 7)
const LATER = Date.UTC(2026, 10, 21, 4, 7)

test('once a day it deletes hours that ended RETENTION_DAYS ago, and none without RETENTION_DAYS', async () => {
  const { deletedBefore, swept } = await sweepAt(NIGHT, { retentionDays: 10 })
  expect(deletedBefore).toEqual(['2026-11-11T03Z'])
  expect(swept).toMatchObject({ deleted: 5, hasMore: true })
  expect(await sweepAt(NIGHT)).toMatchObject({ deletedBefore: [], swept: { deleted: 0, hasMore: false } })
})

test('the next hour goes on only when there was more to delete, or when the database is awake anyway', async () => {
  expect((await sweepAt(LATER, { retentionDays: 10 })).deletedBefore).toEqual([])
  const later = ['2026-11-11T04Z']
  expect((await sweepAt([NIGHT, LATER], { retentionDays: 10 })).deletedBefore).toEqual(later)
  expect((await sweepAt(LATER, { retentionDays: 10, isKeptAwake: true })).deletedBefore).toEqual(later)
})
