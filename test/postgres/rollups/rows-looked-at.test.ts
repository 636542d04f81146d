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
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
     select 'key/' || n, hour, n, 1, n, n from generate_series(1, ${KEYS}) as n, generate_series(
       date_trunc('hour', now()) - interval '180 days', date_trunc('hour', now()), interval '1 hour') as hour
     where extract(isodow from hour at time zone 'UTC') = 1 or hour > now() - interval '24 hours'`,
  )
  await createRollups(stand.postgres)(async (rollups) => {
    await rollups.beginNow()
    for (const day of (await rollups.daysToMake(1_000, 'now')).days) await rollups.makeDay(day)
  })
  await stand.pool.query('analyze sumdial.counters, sumdial.days')
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

/** Rows of hours that all connections looked at until now. PostgreSQL adds up those of a connection when it ends. */
async function looked(): Promise<number> {
  const { rows } = await stand.pool.query<{ rows: number }>(
    `select (seq_tup_read + idx_tup_fetch)::float8 as rows from pg_stat_user_tables
     where schemaname = 'sumdial' and relname = 'counters'`,
  )
  return rows[0]?.rows ?? 0
}

describe('a year of which only Mondays of half a year have been counted', () => {
  test.each(Object.entries(READS))(
    '[D1] %s are read from days, and from the hours of the last days alone',
    async (_, read) => {
      const before = await looked()
      await read(stand.over('TCP'))
      const rows = await vi.waitUntil(async () => (await looked()) - before)
      // The Monday before the last three days, and the last day.
      expect(rows).toBeLessThan(KEYS * 75)
    },
  )
})
