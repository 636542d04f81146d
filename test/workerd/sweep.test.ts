import { createScheduledController } from 'cloudflare:test'
import { expect, test } from 'vitest'
import worker from '../../src/index.ts'
import { env, query } from './support.ts'

test('the daily sweep of a Worker with RETENTION_DAYS deletes what is older, and keeps the rest', async () => {
  // A century, for other tests have rows in this database.
  const retaining = { ...env, RETENTION_DAYS: '36500' }
  const daily = createScheduledController({ scheduledTime: Date.UTC(2026, 10, 21, 3, 7), cron: '7 * * * *' })
  const hours = ['1926-12-16 02:00Z', '1926-12-16 03:00Z']
  const insert = `insert into sumdial.counters (key, hour, sum, count, min, max)
    select 'swept', hour, 1, 1, 1, 1 from unnest($1::timestamptz[]) as hour`
  await query(insert, [hours])
  await worker.scheduled(daily, retaining)
  const left = `select to_char(hour at time zone 'UTC', 'HH24') as hour from sumdial.counters where key = $1`
  expect(await query(left, ['swept'])).toEqual([{ hour: '03' }])
})
