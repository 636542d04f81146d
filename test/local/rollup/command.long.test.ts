import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Stand, startStand } from '../../postgres/stand.ts'
import { command } from '../../support/command.ts'
import { startCommand } from '../../support/start-command.ts'

const ENTRY = await command('rollup')

let stand: Stand
beforeAll(async () => {
  stand = await startStand(8)
})
beforeEach(async () => {
  await stand.reset()
  await begunAgo('25 hours')
})
afterAll(() => stand?.stop())

const begunAgo = (interval: string) =>
  stand.pool.query(
    `update sumdial.settings set recorded_at = now() - interval '${interval}' where name = 'rollups'`,
  )

/** Each hour of so many days, with three keys, one of which has labels. */
async function fill(days: number): Promise<void> {
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
select 'key/' || k, '2026-01-01T00:00Z'::timestamptz + h * interval '1 hour', h * 10 + k, 2, -h, h
from generate_series(0, 24 * $1::int - 1) as h, generate_series(1, 3) as k`,
    [days],
  )
  await stand.pool.query(
    `insert into sumdial.slices (key, hour, labels, sum, count, min, max)
select key, hour, '{"plan": "pro"}', sum - 1, 1, min, min from sumdial.counters where key = 'key/1'`,
  )
}

const ofDays = (table: string, by: string) => `
select ${by} as name, day::text, sum::text, count::int, min::int, max::int from sumdial.${table} order by 1, 2`
const ofHours = (table: string, by: string) => `
select ${by} as name, (hour at time zone 'UTC')::date::text as day, sum(sum)::text as sum, sum(count)::int as count,
  min(min)::int as min, max(max)::int as max
from sumdial.${table} group by 1, 2 order by 1, 2`

/** The rows of days equal a plain addition of the rows of hours. */
async function expectDaysToEqualHours(): Promise<void> {
  for (const [days, hours, by] of [
    ['days', 'counters', 'key'],
    ['slice_days', 'slices', 'key || labels::text'],
  ] as const) {
    const { rows: found } = await stand.pool.query(ofDays(days, by))
    const { rows: due } = await stand.pool.query(ofHours(hours, by))
    expect(found).toEqual(due)
  }
}

async function statesOfDays(): Promise<Record<string, number>> {
  const { rows } = await stand.pool.query<{ state: string; days: number }>(
    'select state, count(*)::int as days from sumdial.rollups group by state',
  )
  return Object.fromEntries(rows.map(({ state, days }) => [state, days]))
}

const OVER = {
  Neon: () => stand.vars,
  TCP: () => ({ DATABASE_URL: stand.url, NEON_FETCH_ENDPOINT: '' }),
} as const

const start = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  startCommand(ENTRY, args, { DATABASE_URL: '', ...env })

const rollUp = (args: readonly string[], env: Readonly<Record<string, string>>) => start(args, env).ended

/** Ends a run in its middle. */
async function cut(signal: 'SIGKILL' | 'SIGINT', env: Readonly<Record<string, string>>) {
  const { good: before = 0 } = await statesOfDays()
  const { child, ended } = start([], env)
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  while (!isOver && ((await statesOfDays())['good'] ?? 0) < before + 5) await sleep(2)
  child.kill(signal)
  return ended
}

describe('npm run rollup', () => {
  test.each(Object.keys(OVER) as (keyof typeof OVER)[])(
    '[D1] makes all days over %s, killed with -9, interrupted, and run again, and then has nothing to do',
    async (way) => {
      await fill(150)
      const env = OVER[way]()
      expect((await cut('SIGKILL', env)).code).toBeNull()
      const interrupted = await cut('SIGINT', env)
      expect(interrupted).toMatchObject({ code: 130, out: expect.stringContaining('Run this again') })
      const { good = 0 } = await statesOfDays()
      expect(good).toBeLessThan(150)
      const rest = await rollUp([], env)
      expect(rest).toMatchObject({ code: 0, out: expect.stringContaining(`${150 - good} days made`) })
      expect(await statesOfDays()).toEqual({ good: 150 })
      await expectDaysToEqualHours()
      expect(await rollUp([], env)).toMatchObject({ code: 0, out: expect.stringContaining('Nothing to do') })
    },
    180_000,
  )

  test('[D1] --again makes every day anew from what code without marks has changed', async () => {
    await fill(5)
    await rollUp([], OVER.TCP())
    await stand.pool.query(`update sumdial.counters set sum = sum + 1, count = count + 1 where key = 'key/2'`)
    expect((await rollUp([], OVER.TCP())).out).toContain('Nothing to do')
    const again = await rollUp(['--again'], OVER.TCP())
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('5 days are to be made again') })
    await expectDaysToEqualHours()
  })

  test('waits until a day after the migration, and says when that is; --now does not wait', async () => {
    await fill(2)
    await begunAgo('1 hour')
    const early = await rollUp([], OVER.TCP())
    expect(early).toMatchObject({
      code: 1,
      out: expect.stringMatching(/Days are made from 20\S+Z on.*--now/),
    })
    expect(await statesOfDays()).toEqual({})
    expect(await rollUp(['--now'], OVER.TCP())).toMatchObject({ code: 0 })
    expect(await statesOfDays()).toEqual({ good: 2 })
  })

  test('makes a day that an import has changed just now, and names one whose hours cannot be read', async () => {
    await fill(3)
    await rollUp([], OVER.TCP())
    await stand.pool.query(`update sumdial.rollups set state = 'stale', changed_at = now()`)
    await stand.pool.query(
      `update sumdial.counters set sum = 'NaN' where key = 'key/1' and hour = '2026-01-02T03:00Z'`,
    )
    const { code, out } = await rollUp([], OVER.TCP())
    expect({ code, out }).toMatchObject({
      code: 1,
      out: expect.stringContaining('2026-01-02: one of its hours'),
    })
    expect(await statesOfDays()).toEqual({ good: 2, stale: 1 })
  })

  test('says what is wrong and what to do when it cannot begin', async () => {
    expect(await rollUp([], { DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/d' })).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^Could not ask postgresql:\/\/u@127.0.0.1:1\/d: .*\nCheck that it runs/),
    })
    const other = await stand.pool.query('create database empty')
    expect(other.command).toBe('CREATE')
    const url = stand.url.replace(/\/[^/]*$/, '/empty')
    expect(await rollUp([], { DATABASE_URL: url })).toMatchObject({
      code: 1,
      out: expect.stringContaining('Run `npm run migrate` first'),
    })
    expect((await rollUp(['--quick'], OVER.TCP())).code).toBe(2)
  })
})
