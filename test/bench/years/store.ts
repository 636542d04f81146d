import pg from 'pg'
import { must } from '../../../src/model/assert.ts'
import { addHours, formatHourStart, type Hour } from '../../../src/model/hour.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createRollups } from '../../../src/postgres/rollups/rollups.ts'
import { postgresAt } from '../../support/postgres-at.ts'
import { dropIndexes } from '../reads/fill.ts'
import type { Progress } from '../scenario.ts'
import type { Database } from '../stand.ts'
import { number } from '../table.ts'

/** A table in which each key has a row in each hour. */
export type Store = {
  readonly name: string
  readonly keys: number
  readonly from: Hour
  readonly to: Hour
  readonly url: string
  readonly endpoint: string
  readonly client: pg.Client
  readonly postgres: Postgres
}

const STEP_HOURS = 30 * 24

/** On disk as flushes of many shards leave it: hour by hour, keys in any order. */
const FILL = `
insert into sumdial.counters (key, hour, sum, count, min, max, updated_at)
select key, hour, count * 3, count, 1, 5, hour + interval '1 hour'
from generate_series($1::timestamptz, $2::timestamptz, interval '1 hour') as hour cross join lateral (
  select 'site/site' || n % 40 || '.example/page-' || n as key, 1 + 100000 / (n + 10) as count
  from generate_series(0, $3::int - 1) as n order by md5(n::text || hour::text)
) as page`

/** Fills a database of its own, without days. */
export async function fillStore(
  stack: AsyncDisposableStack,
  { url, endpoint }: Database,
  { name, keys, from, to }: Pick<Store, 'name' | 'keys' | 'from' | 'to'>,
  progress: Progress,
): Promise<Store> {
  const client = new pg.Client(url)
  await client.connect()
  stack.defer(() => client.end())
  const restore = await dropIndexes(client)
  for (let at = from; at < to; at = addHours(at, STEP_HOURS)) {
    const end = Math.min(addHours(at, STEP_HOURS), to)
    await client.query(FILL, [formatHourStart(at), formatHourStart(addHours(at, end - at - 1)), keys])
    progress(`${name}: ${number((end - from) * keys)} rows`)
  }
  for (const statement of restore) await client.query(statement)
  await client.query('vacuum (analyze) sumdial.counters')
  return { name, keys, from, to, url, endpoint, client, postgres: postgresAt({ kind: 'tcp', url }) }
}

/** Makes all days as `npm run rollup` does. @returns how many ms each day took. */
export async function makeDays(store: Store, progress: Progress): Promise<number[]> {
  const times: number[] = []
  await createRollups(store.postgres)(async (rollups) => {
    await rollups.beginNow()
    while (true) {
      const { days, count } = await rollups.daysToMake(100, 'now')
      if (days.length === 0) break
      progress(`${store.name}: ${count} days to make`)
      for (const day of days) {
        const beganMs = performance.now()
        await rollups.makeDay(day)
        times.push(performance.now() - beganMs)
      }
    }
  })
  await store.client.query('vacuum (analyze) sumdial.days')
  await store.client.query('analyze sumdial.rollups')
  return times
}

/** Makes all days in one statement, which is right while nobody else is there. */
export async function makeDaysAtOnce({ client }: Store): Promise<void> {
  await client.query(`
with made as (
  insert into sumdial.days
  select key, (hour at time zone 'UTC')::date, sum(sum), sum(count), min(min), max(max), max(updated_at) from sumdial.counters
  where hour < date_trunc('day', now() at time zone 'UTC' - interval '3 days') at time zone 'UTC'
  group by 2, 1 order by 2, 1 returning day
)
insert into sumdial.rollups (day, state) select distinct day, 'good' from made`)
  await client.query('vacuum (analyze) sumdial.days')
  await client.query('analyze sumdial.rollups')
}

/** The bytes of a table with its indexes. */
export async function sizeOf({ client }: Store, table: string): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(
    'select pg_total_relation_size($1::regclass)::float8 as bytes',
    [`sumdial.${table}`],
  )
  return must(rows[0], 'a size').bytes
}
