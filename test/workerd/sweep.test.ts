import { createScheduledController, evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import worker from '../../src/index.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { encodeFlight } from '../../src/model/flight.ts'
import { DAY_MS, HOUR_MS, hourOf } from '../../src/model/hour.ts'
import { durableObjectSql } from '../../src/shard/sql.ts'
import { createTables, saveParkedRow } from '../../src/shard/tables.ts'
import { env, query, shardOf } from './support.ts'

test('[D1] the daily sweep of a Worker with RETENTION_DAYS makes days, deletes the hours of older ones, and keeps the rest', async () => {
  // A century, for other tests have rows in this database.
  const retaining = { ...env, RETENTION_DAYS: '36500' }
  const daily = createScheduledController({ scheduledTime: Date.UTC(2026, 10, 21, 3, 7), cron: '7 * * * *' })
  const hours = ['1926-12-15 23:00Z', '1926-12-16 00:00Z']
  const insert = `insert into sumdial.counters (key, hour, sum, count, min, max)
    select 'swept', hour, 1, 1, 1, 1 from unnest($1::timestamptz[]) as hour`
  await query(insert, [hours])
  const left = `select to_char(hour at time zone 'UTC', 'YYYY-MM-DD') as day from sumdial.counters where key = $1 order by 1`
  await worker.scheduled(daily, retaining)
  // Roll-ups begin a day after their migration, and until then no hour may go.
  expect(await query(left, ['swept'])).toEqual([{ day: '1926-12-15' }, { day: '1926-12-16' }])
  await query("update sumdial.settings set recorded_at = recorded_at - interval '2 days' where name = $1", [
    'rollups',
  ])
  await worker.scheduled(daily, retaining)
  expect(await query(left, ['swept'])).toEqual([{ day: '1926-12-16' }])
  const days = 'select day::text as day from sumdial.days where key = $1 order by 1'
  expect(await query(days, ['swept'])).toEqual([{ day: '1926-12-15' }, { day: '1926-12-16' }])
})

test('[Z1] the daily sweep seals a writer that its shard does not have any more, and not the one that it has', async () => {
  // A shard of before that Postgres was put back to, which has gone since; and one that lives on
  // with a parked cell, and has another writer now.
  const gone = '2001-01-01T00Z/0'
  const living = shardOf(hourOf(Date.UTC(2001, 0, 1, 1)))
  const writer = crypto.randomUUID()
  await runInDurableObject(living.stub, (_, { storage }) => {
    const sql = durableObjectSql(storage)
    createTables(sql, writer)
    const cell = encodeFlight(null, Cells.of([['k', cellOf(1)]]))
    saveParkedRow(sql, { key: 'k', sinceMs: 0, reason: 'refused', cell })
  })
  await evictDurableObject(living.stub)
  const insert = `insert into sumdial.ledger (writer, shard, seq) select unnest($1::uuid[]), $2, 1`
  const [old, left] = [crypto.randomUUID(), crypto.randomUUID()]
  await query(insert, [[old], gone])
  await query(insert, [[left, writer], living.name])
  await worker.scheduled(
    createScheduledController({
      scheduledTime: Date.now() - (Date.now() % DAY_MS) + 3 * HOUR_MS,
      cron: '7 * * * *',
    }),
    env,
  )
  const rows = await query(
    'select writer from sumdial.ledger where writer = any($1::uuid[]) and not sealed',
    [[old, left, writer]],
  )
  expect(rows).toEqual([{ writer }])
})
