import { expect, test } from 'vitest'
import { rollUp } from '../../../src/edge/background/roll-up.ts'
import { type SweepServices, sweeper } from '../../../src/edge/background/sweep.ts'
import { NoDatabase } from '../../../src/edge/no-database.ts'
import { DATABASE_SLEEPS_MS, ROLLUP_DAYS_MAX, ROLLUP_ROWS_MAX } from '../../../src/limits.ts'
import type { LogLine } from '../../../src/log.ts'
import type { Made, Rollups } from '../../../src/model/rollups/rollups.ts'
import { NO_ROLLUPS } from '../../support/no-rollups.ts'
import { scheduleOf } from '../../support/schedule.ts'

/** A Postgres with days to make, some of which cannot be made. */
function databaseWith(days: readonly string[], failing: readonly string[] = [], rows = 100) {
  const left = new Set(days)
  const tried: string[] = []
  const lines: LogLine[] = []
  return {
    left,
    tried,
    lines,
    log: (line: LogLine) => void lines.push(line),
    rollups: {
      ...NO_ROLLUPS,
      daysToMake: async (most: number) => ({
        days: [...left].slice(0, most),
        count: left.size,
        beginsInMs: 0,
      }),
      makeDay: async (day: string): Promise<Made> => {
        tried.push(day)
        if (failing.includes(day)) throw new Error('SQLSTATE 57014: canceled')
        left.delete(day)
        return { kind: 'made', rows }
      },
    },
  }
}

const DAYS = Array.from({ length: 20 }, (_, i) => `2026-10-${String(i + 1).padStart(2, '0')}`)

test('[D1] the cron makes days in the order of the list, as many as one run may, and says how many are left', async () => {
  const postgres = databaseWith(DAYS)
  const made = await rollUp(postgres, new Set())
  expect(postgres.tried).toEqual(DAYS.slice(0, ROLLUP_DAYS_MAX))
  expect(made).toEqual({ days: ROLLUP_DAYS_MAX, rows: 100 * ROLLUP_DAYS_MAX, left: 20 - ROLLUP_DAYS_MAX })
  expect(postgres.lines).toEqual([{ message: 'rolled up', ...made }])
})

test('days of very many rows end the run sooner', async () => {
  const postgres = databaseWith(DAYS, [], ROLLUP_ROWS_MAX)
  expect(await rollUp(postgres, new Set())).toMatchObject({ days: 1, left: 19 })
})

test('a day of very many keys is made piece by piece, over several runs, and no other day waits behind its whole', async () => {
  const postgres = databaseWith(DAYS.slice(0, 2), [], 100)
  const pieceRows = ROLLUP_ROWS_MAX / 4
  let pieces = 6
  const rollups = {
    ...postgres.rollups,
    makeDay: async (day: string): Promise<Made> => {
      if (day !== DAYS[0] || --pieces === 0) return postgres.rollups.makeDay(day)
      return { kind: 'partly_made', rows: pieceRows, isFirst: pieces === 5 }
    },
  }
  const failed = new Set<string>()
  const first = { days: 0, rows: ROLLUP_ROWS_MAX, left: 2 }
  expect(await rollUp({ ...postgres, rollups }, failed)).toEqual(first)
  expect(postgres.lines).toEqual([{ message: 'rolled up', ...first }])
  expect(await rollUp({ ...postgres, rollups }, failed)).toEqual({ days: 2, rows: pieceRows + 200, left: 0 })
})

test('a run that makes nothing logs nothing', async () => {
  const postgres = databaseWith([])
  expect(await rollUp(postgres, new Set())).toEqual({ days: 0, rows: 0, left: 0 })
  expect(postgres.lines).toEqual([])
})

test('a day that cannot be made does not hold back the others, and comes last from then on', async () => {
  const postgres = databaseWith(DAYS.slice(0, 10), [DAYS[0] ?? ''])
  const failed = new Set<string>()
  expect(await rollUp(postgres, failed)).toMatchObject({ days: ROLLUP_DAYS_MAX - 1, left: 3 })
  postgres.tried.splice(0)
  expect(await rollUp(postgres, failed)).toMatchObject({ days: 2, left: 1 })
  expect(postgres.tried).toEqual([DAYS[8], DAYS[9], DAYS[0]])
})

test('when nothing can be made, the run ends after a few failures and rejects', async () => {
  const postgres = databaseWith(DAYS, DAYS)
  await expect(rollUp(postgres, new Set())).rejects.toThrow('57014')
  expect(postgres.tried.length).toBeLessThan(ROLLUP_DAYS_MAX)
})

const NIGHT = Date.UTC(2026, 10, 21, 3, 7)
const EVENING = Date.UTC(2026, 10, 21, 20, 7)

/** Sweeps at these times, and says what each asked of Postgres. */
async function sweepAt(
  times: readonly number[],
  flushIntervalMs: number,
  part: Partial<Pick<SweepServices['database'], 'prune'> & Pick<Rollups, 'daysToMake'>> = {},
) {
  const postgres = databaseWith(DAYS.slice(0, 10))
  let asked: string[] = []
  const noting =
    <A extends unknown[], T>(name: string, call: (...args: A) => Promise<T>) =>
    (...args: A) => {
      asked.push(name)
      return call(...args)
    }
  const sweep = sweeper({
    config: { shards: scheduleOf('1'), lateHours: scheduleOf('72'), retentionDays: 10, flushIntervalMs },
    shards: { wake: async () => ({ writer: 'current' }) },
    database: {
      prune: noting('prune', part.prune ?? (async () => 0)),
      withRollups: (work) =>
        work({
          ...NO_ROLLUPS,
          daysToMake: noting('list', part.daysToMake ?? postgres.rollups.daysToMake),
          makeDay: noting('make', postgres.rollups.makeDay),
        }),
      deleteBefore: noting('delete', async () => ({ deleted: 0, hasMore: false })),
      stragglers: noting('visit', async () => []),
      sealAll: async () => 0,
    },
    log: postgres.log,
  })
  const all: (readonly string[])[] = []
  for (const nowMs of times) {
    asked = []
    await sweep(nowMs).catch(() => asked.push('rejects'))
    all.push(asked)
  }
  return { asked: all, lines: postgres.lines }
}

const HOUR = 3_600_000
const MADE_8 = ['list', ...Array.from({ length: 8 }, () => 'make')]

test('days are made before hours are deleted: once a day, and each hour while more are left', async () => {
  const { asked } = await sweepAt([EVENING, NIGHT, NIGHT + HOUR, NIGHT + 2 * HOUR], DATABASE_SLEEPS_MS)
  expect(asked).toEqual([[], ['prune', ...MADE_8, 'delete', 'visit'], ['list', 'make', 'make'], []])
})

test('days are made each hour where flushes keep the database awake', async () => {
  const { asked } = await sweepAt([EVENING, EVENING + HOUR], DATABASE_SLEEPS_MS - 1)
  expect(asked).toEqual([
    [...MADE_8, 'delete'],
    ['list', 'make', 'make', 'delete'],
  ])
})

test('a part of the sweep that fails does not stop those after it, and the sweep rejects in the end', async () => {
  const refuse = async () => {
    throw new Error('SQLSTATE 42P01: relation')
  }
  const { asked, lines } = await sweepAt([NIGHT], DATABASE_SLEEPS_MS, { prune: refuse, daysToMake: refuse })
  expect(asked).toEqual([['prune', 'list', 'delete', 'visit', 'rejects']])
  expect(lines).toEqual([
    { message: 'part of the sweep failed', part: 'prune', reason: 'SQLSTATE 42P01' },
    { message: 'part of the sweep failed', part: 'roll up', reason: 'SQLSTATE 42P01' },
  ])
})

test('without a database the sweep has nothing to do there, and does not fail', async () => {
  const refuse = async () => {
    throw new NoDatabase()
  }
  const { asked, lines } = await sweepAt([EVENING], DATABASE_SLEEPS_MS - 1, { daysToMake: refuse })
  expect(asked).toEqual([['list', 'delete']])
  expect(lines).toEqual([])
})
