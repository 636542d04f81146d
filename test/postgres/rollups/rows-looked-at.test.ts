import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { FIRST_OF_ALL } from '../../../src/edge/read/all-time.ts'
import { addHours, type HourRange, hourOf } from '../../../src/model/hour.ts'
import { keysFrom } from '../../../src/model/key.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createLister } from '../../../src/postgres/list.ts'
import { createSeriesReader } from '../../../src/postgres/reader.ts'
import { createRollups } from '../../../src/postgres/rollups/rollups.ts'
import { type Stand, startStand } from '../stand.ts'

const KEYS = 30
const TO = addHours(hourOf(Date.now()), 1)
const YEAR: HourRange = { from: addHours(TO, -365 * 24), to: TO }

let stand: Stand
beforeAll(async () => {
  stand = await startStand(4)
  await stand.reset()
  const client = new pg.Client(stand.url)
  await client.connect()
  await client.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
     select 'key/' || n, hour, n, 1, n, n from generate_series(1, ${KEYS}) as n, generate_series(
       date_trunc('hour', now()) - interval '180 days', date_trunc('hour', now()), interval '1 hour') as hour
     where ((now() at time zone 'UTC')::date - (hour at time zone 'UTC')::date) % 7 = 5 or hour > now() - interval '24 hours'`,
  )
  await createRollups(stand.over('TCP'))(async (rollups) => {
    await rollups.beginNow()
    for (const day of (await rollups.daysToMake(1_000, 'now')).days) await rollups.makeDay(day)
  })
  await client.query('analyze sumdial.counters, sumdial.days')
  await client.end()
})
afterAll(() => stand?.stop())

const list = {
  prefix: '',
  ranges: [keysFrom('')],
  where: [],
  after: null,
  contains: null,
  grouping: null,
}

type ReadRange = (postgres: Postgres, range: HourRange) => Promise<unknown>

const READS: Readonly<Record<string, ReadRange>> = {
  'the largest keys': (postgres, range) =>
    createLister(postgres)({ ...list, ...range, sort: '-sum', limit: 10 }),
  'a page of keys': (postgres, range) =>
    createLister(postgres)({ ...list, ...range, sort: 'key', limit: 10 }),
  'groups of keys': (postgres, range) =>
    createLister(postgres)({ ...list, ...range, sort: '-sum', limit: 10, grouping: { base: '', depth: 1 } }),
  'all keys added up': (postgres, { from, to }) =>
    createSeriesReader(postgres)({ name: '', ranges: [keysFrom('')], buckets: [from], to, writers: [] }),
}

type Looked = {
  readonly counters: number
  readonly days: number
  /** How many times an index of `counters` was gone into. */
  readonly descents: number
}

/** Rows, and entries of an index, that a read over connections of its own looks at. */
async function lookedAtBy(read: ReadRange, range = YEAR): Promise<Looked> {
  const before = await looked()
  await read(stand.over('TCP'), range)
  const after = await looked()
  return {
    counters: after.counters - before.counters,
    days: after.days - before.days,
    descents: after.descents - before.descents,
  }
}

/** All until now, once every other connection has ended: then PostgreSQL has added up what it looked at. */
async function looked(): Promise<Looked> {
  await vi.waitUntil(async () => (await others()) === 0, { timeout: 60_000 })
  const { rows } = await stand.pool.query<{ name: 'counters' | 'days'; rows: number; descents: number }>(
    `select relname as name, idx_scan::float8 as descents, (seq_tup_read + (
       select sum(idx_tup_read) from pg_stat_user_indexes as i where i.relid = t.relid))::float8 as rows
     from pg_stat_user_tables as t where schemaname = 'sumdial' and relname in ('counters', 'days')`,
  )
  const [counters, days] = (['counters', 'days'] as const).map((name) =>
    rows.find((row) => row.name === name),
  )
  return { counters: counters?.rows ?? 0, days: days?.rows ?? 0, descents: counters?.descents ?? 0 }
}

async function others(): Promise<number> {
  const { rows } = await stand.pool.query<{ count: number }>(
    `select count(*)::int from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and backend_type in ('client backend', 'parallel worker')`,
  )
  return rows[0]?.count ?? 0
}

/** The last one is five days ago whatever today is, because hours of more than a week beside days would be another statement. */
describe('a year of which only one day in seven of half a year has been counted', () => {
  test.each(Object.entries(READS))(
    '[D1] %s are read from days, and from the hours of the last days alone',
    async (_, read) => {
      const { counters } = await lookedAtBy(read)
      // The last day.
      expect(counters).toBeGreaterThan(KEYS)
      expect(counters).toBeLessThan(KEYS * 75)
    },
  )

  test.each(Object.entries(READS))(
    '%s look for no hour of days on which nothing was counted',
    async (_, read) => {
      const since1990 = { from: hourOf(Date.UTC(1990, 0)), to: TO }
      // Of half a year, 154 days have nothing, which are 3,696 hours.
      expect((await lookedAtBy(read, since1990)).descents).toBeLessThan(500)
      const untilMuchLater = { from: YEAR.from, to: hourOf(Date.UTC(2100, 0)) }
      expect((await lookedAtBy(read, untilMuchLater)).descents).toBeLessThan(500)
    },
  )

  test.each(Object.entries(READS))('%s look at no day where all have changed', async (_, read) => {
    await stand.pool.query("update sumdial.rollups set state = 'stale'")
    const { counters, days } = await lookedAtBy(read)
    expect(counters).toBeGreaterThan(KEYS)
    expect(days).toBe(0)
  })
})

test.each(Object.entries(READS))(
  '[D1] %s of all time are read where retention has deleted all hours',
  async (_, read) => {
    await stand.pool.query("update sumdial.rollups set state = 'gone'")
    await stand.pool.query('truncate sumdial.counters')
    const { days, descents } = await lookedAtBy(read, { from: FIRST_OF_ALL, to: TO })
    expect(days).toBeGreaterThan(KEYS)
    expect(descents).toBeLessThan(500)
  },
)
