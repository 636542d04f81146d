import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createStandingReader } from '../../../src/postgres/rollups/standing.ts'
import { type Stand, startStand } from '../stand.ts'
import { rollupsOneByOne } from './one-by-one.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand(4)
})
afterAll(() => stand?.stop())
beforeEach(async () => {
  await stand.reset()
  await begunAgo('25 hours')
})

const begunAgo = (interval: string) =>
  stand.pool.query(
    `update sumdial.settings set recorded_at = now() - interval '${interval}' where name = 'rollups'`,
  )

const put = (...hours: readonly string[]) =>
  stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max) select 'k', unnest($1::timestamptz[]), 1, 1, 1, 1`,
    [hours],
  )

const standing = () => createStandingReader(stand.postgres)()

async function make(...days: readonly string[]): Promise<void> {
  const { makeDay } = rollupsOneByOne(stand.postgres)
  for (const day of days) expect(await makeDay(day)).toMatchObject({ kind: 'made' })
}

const setState = (day: string, state: string) =>
  stand.pool.query('update sumdial.rollups set state = $2 where day = $1', [day, state])

describe('how far the days are made', () => {
  test('[D1] is the last day that is good or gone with all before it, whichever days have no hours', async () => {
    expect(await standing()).toEqual({ through: null, next: null, stale: 0, beginsMs: null })
    await put('2026-01-01T05:00Z', '2026-01-02T00:00Z', '2026-01-05T23:00Z', '2026-01-09T00:00Z')
    expect(await standing()).toMatchObject({ through: null, next: '2026-01-01' })
    await make('2026-01-01', '2026-01-02', '2026-01-09')
    expect(await standing()).toEqual({ through: '2026-01-02', next: '2026-01-05', stale: 0, beginsMs: null })
    await make('2026-01-05')
    expect(await standing()).toMatchObject({ through: '2026-01-09', next: null })
    await setState('2026-01-01', 'gone')
    await setState('2026-01-05', 'stale')
    expect(await standing()).toEqual({ through: '2026-01-02', next: '2026-01-05', stale: 1, beginsMs: null })
    await put('2025-12-31T23:00Z')
    expect(await standing()).toMatchObject({ through: null, next: '2025-12-31', stale: 1 })
  })

  test('says nothing of days that ended less than three days ago, and from when days are made', async () => {
    await put('2026-01-01T05:00Z')
    await make('2026-01-01')
    await stand.pool.query(
      `insert into sumdial.counters (key, hour, sum, count, min, max)
       select 'k', date_trunc('hour', now()) - make_interval(hours => h), 1, 1, 1, 1 from generate_series(0, 71) as h`,
    )
    await begunAgo('1 hour')
    const { beginsMs, ...rest } = await standing()
    expect(rest).toEqual({ through: '2026-01-01', next: null, stale: 0 })
    expect(Math.abs((beginsMs ?? 0) - Date.now() - 23 * 3_600_000)).toBeLessThan(600_000)
  })
})
