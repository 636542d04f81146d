import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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
  ...YEAR,
}

const READS: Readonly<Record<string, (postgres: Postgres) => Promise<unknown>>> = {
  'the largest keys': (postgres) => createLister(postgres)({ ...list, sort: '-sum', limit: 10 }),
  'a page of keys': (postgres) => createLister(postgres)({ ...list, sort: 'key', limit: 10 }),
  'groups of keys': (postgres) =>
    createLister(postgres)({ ...list, sort: '-sum', limit: 10, grouping: { base: '', depth: 1 } }),
  'all keys added up': (postgres) =>
    createSeriesReader(postgres)({
      name: '',
      ranges: [keysFrom('')],
      buckets: [YEAR.from],
      to: TO,
      writers: [],
    }),
}

type Looked = { readonly counters: number; readonly days: number }

/** Rows, and entries of an index, that a read over connections of its own looks at. */
async function lookedAtBy(read: (postgres: Postgres) => Promise<unknown>): Promise<Looked> {
  const before = await looked()
  await read(stand.over('TCP'))
  const after = await looked()
  return { counters: after.counters - before.counters, days: after.days - before.days }
}

/** All until now, once every other connection has ended: then PostgreSQL has added up what it looked at. */
async function looked(): Promise<Looked> {
  await vi.waitUntil(async () => (await others()) === 0, { timeout: 60_000 })
  const { rows } = await stand.pool.query<{ name: keyof Looked; rows: number }>(
    `select relname as name, (seq_tup_read + (
       select sum(idx_tup_read) from pg_stat_user_indexes as i where i.relid = t.relid))::float8 as rows
     from pg_stat_user_tables as t where schemaname = 'sumdial' and relname in ('counters', 'days')`,
  )
  const { counters = 0, days = 0 } = Object.fromEntries(rows.map(({ name, rows }) => [name, rows]))
  return { counters, days }
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

  test.each(Object.entries(READS))('%s look at no day where all have changed', async (_, read) => {
    await stand.pool.query("update sumdial.rollups set state = 'stale'")
    const { counters, days } = await lookedAtBy(read)
    expect(counters).toBeGreaterThan(KEYS)
    expect(days).toBe(0)
  })
})
