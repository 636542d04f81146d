import { expect, test } from 'vitest'
import { readStatus } from '../../../src/edge/operate/status.ts'
import type { DaysStanding } from '../../../src/model/rollups/rollups.ts'
import { SOME_ADDRESS } from '../../support/address.ts'
import { scheduleOf } from '../../support/schedule.ts'
import { EMPTY_STATUS } from './empty-status.ts'

/** The status of a Worker whose days stand so, and how often Postgres was asked for it. */
async function statusOf(raw: Parameters<typeof readStatus>[0], standing: DaysStanding) {
  let asked = 0
  const status = await readStatus(raw, {
    config: { shards: scheduleOf('1'), database: SOME_ADDRESS },
    nowMs: Date.UTC(2026, 10, 21, 20, 7),
    log: () => undefined,
    shards: { status: async (shard) => ({ ...EMPTY_STATUS, shard }) },
    database: {
      ledgerOf: async () => new Map(),
      daysStanding: async () => {
        asked += 1
        return standing
      },
    },
  })
  if (!status.ok) throw new Error(JSON.stringify(status.error))
  return { days: status.value.days, asked }
}

const STANDING: DaysStanding = { through: '2026-11-16', next: '2026-11-17', stale: 2, beginsMs: null }

test('the status says through when days are made if it is asked to, with one statement, and else asks no SQL', async () => {
  expect(await statusOf({ days: '1' }, STANDING)).toEqual({
    asked: 1,
    days: { through: '2026-11-16', next: '2026-11-17', stale: 2, begins: null },
  })
  expect(await statusOf({}, STANDING)).toEqual({ asked: 0, days: undefined })
})

test('the status says from when days are made', async () => {
  const beginsMs = Date.UTC(2026, 10, 22, 3)
  const { days } = await statusOf({ days: '1' }, { through: null, next: null, stale: 0, beginsMs })
  expect(days).toEqual({ through: null, next: null, stale: 0, begins: '2026-11-22T03:00:00.000Z' })
})
