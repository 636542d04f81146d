import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readCounters } from '../../src/edge/read/counters.ts'
import { createReader } from '../../src/postgres/reader.ts'
import { counterQuery } from '../support/queries.ts'
import { hasRealLog, realLogRequests } from '../support/real-log.ts'
import { goodOf } from '../support/result.ts'
import { type Stand, startStand } from './stand.ts'

const DAY_MS = 86_400_000

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

/** The log's requests as Postgres itself adds them up, some days later or earlier. */
async function load(shiftDays: number): Promise<void> {
  const requests = realLogRequests()
  expect(requests).toHaveLength(10_000)
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
select key, date_trunc('hour', at), sum(n), count(*), min(n), max(n)
from (select key, at, 1 + length(key) % 7 as n from unnest($1::text[], $2::timestamptz[]) as request (key, at)) as weighed
group by 1, 2`,
    [requests.map(({ key }) => key), requests.map(({ atMs }) => new Date(atMs + shiftDays * DAY_MS))],
  )
}

async function rows<T extends object>(text: string, ...params: unknown[]): Promise<T[]> {
  return (await stand.pool.query<T>(text, params)).rows
}

type Sums = { readonly start: number; readonly sum: bigint; readonly count: number; readonly min: number }

/** By hand, with Postgres's own time zones. Hours are UTC's everywhere. */
async function truncated(key: string, unit: string, tz: string): Promise<Sums[]> {
  const found = await rows<Record<'start' | 'sum' | 'count' | 'min', string>>(
    `select extract(epoch from date_trunc($2, hour, $3)) * 1000 as start, sum(sum)::text as sum, sum(count) as count, min(min) as min
from sumdial.counters where key = $1 group by 1 order by 1`,
    key,
    unit,
    unit === 'hour' ? 'UTC' : tz,
  )
  return found.map(({ start, sum, count, min }) => ({
    start: Number(start),
    sum: BigInt(sum),
    count: Number(count),
    min: Number(min),
  }))
}

/** Through the production's parameters, reader and answer. */
async function answered(keys: readonly string[], unit: string, tz: string, range: string) {
  const search = keys.map((key) => `key=${encodeURIComponent(key)}`).join('&')
  const query = await counterQuery(
    `?${search}&${range}&bucket=${unit}&tz=${tz}&consistency=committed`,
    Date.now(),
  )
  const readCommitted = stand.inTurn(createReader)
  const answers = await readCounters(query, {
    database: { readCommitted },
    shards: { unsettled: async () => [] },
    config: { shards: [] },
    nowMs: Date.now(),
  })
  return goodOf(answers)
}

async function busiest(): Promise<string[]> {
  const found = await rows<{ key: string }>(
    'select key from sumdial.counters group by key order by sum(count) desc, key limit 12',
  )
  return found.map(({ key }) => key)
}

describe.skipIf(!hasRealLog)('the real log', () => {
  test.each([
    [
      'as it is',
      0,
      '2015-05-01',
      '2015-06-15',
      ['UTC', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu'],
    ],
    // 17 May becomes 28 March: clocks go forward on the 29th.
    ['over the beginning of summer time', -50, '2015-03-01', '2015-04-30', ['Europe/Berlin', 'Asia/Kolkata']],
    // 17 May becomes 31 October: clocks go back on 1 November.
    ['over its end', 167, '2015-10-01', '2015-11-30', ['America/New_York', 'UTC']],
  ])(
    '[R2] %s, reads by hour, day, week and month are what Postgres adds up',
    async (_, shift, from, to, zones) => {
      await load(shift)
      const keys = await busiest()
      for (const tz of zones) {
        for (const unit of ['hour', 'day', 'week', 'month']) {
          // By the hour, so many buckets are too many at once.
          const some = unit === 'hour' ? keys.slice(0, 3) : keys
          const answers = await answered(some, unit, tz, `from=${from}T00:00:00Z&to=${to}T00:00:00Z`)
          for (const { key, buckets, total } of answers) {
            const expected = await truncated(key, unit, tz)
            const found = buckets
              .filter(({ count }) => count > 0)
              .map(({ start, sum, count, min }) => ({ start: Date.parse(start), sum, count, min }))
            expect({ tz, unit, key, found }).toEqual({ tz, unit, key, found: expected })
            expect(total.sum).toBe(expected.reduce((sum, bucket) => sum + bucket.sum, 0n))
          }
        }
      }
    },
  )
})
