import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shardOf } from '../../src/local/import/straight/sequence.ts'
import { migrate } from '../../src/local/migrate.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import {
  addHours,
  formatHour,
  formatHourStart,
  type Hour,
  hourOf,
  hourStartMs,
} from '../../src/model/hour.ts'
import { createLister } from '../../src/postgres/list.ts'
import { createReader } from '../../src/postgres/reader.ts'
import { createRetention } from '../../src/postgres/retention.ts'
import { sqlBlocks } from '../support/markdown-sql.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { type Stand, startStand } from './stand.ts'

const DOCS = join(import.meta.dirname, '../../docs')

/** In an order in which they can be run: what is deleted or made is deleted or made for the pages after. */
const PAGES = ['settings.md', 'runbook.md', 'sql.md', 'deploy.md', 'postgres.md']

const BLOCKS = PAGES.flatMap((page) => sqlBlocks(readFileSync(join(DOCS, page), 'utf8')))

/** The time that the blocks take for `now()`: a Saturday. */
const NOW_MS = Date.UTC(2026, 10, 21, 20, 30)
const NOW = hourOf(NOW_MS)
const FIRST = addHours(NOW, -24 * 450)
const KEYS = [
  'junk/a',
  'junk/b',
  'junk/key',
  'site/acme/a',
  'site/acme/b',
  'site/acme-corp',
  'site/example.com/pricing',
]
const KEPT = ['calls/acme', 'tokens/acme', ...KEYS].filter((key) => !key.startsWith('junk/')).sort()
const LAST_WEEK_AND_THIS = 24 * 14

/** Its own, because the blocks make roles. */
let server: TestPostgres
let stand: Stand

beforeAll(async () => {
  server = await startPostgres()
  stand = await startStand(8, undefined, server)
  // Every hour has all keys but one in turn: gaps that there are to fill.
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
select key, $1::timestamptz + h * interval '1 hour', (h * n) % 1000 + 1, n, 1, 9
from generate_series(0, $2::int) as h, unnest($3::text[]) with ordinality as k (key, n) where (h + n) % 7 <> 0`,
    [formatHourStart(FIRST), NOW - FIRST, KEYS],
  )
  // A key with labels, last month.
  await stand.pool.query(`insert into sumdial.counters (key, hour, sum, count, min, max)
values ('calls/acme', '2026-10-15T10:00Z', 8, 4, 1, 3), ('calls/acme', '2026-10-15T11:00Z', 7, 1, 7, 7)`)
  await stand.pool.query(`insert into sumdial.slices (key, hour, labels, sum, count, min, max)
values ('calls/acme', '2026-10-15T10:00Z', '{"plan":"pro"}', 5, 2, 2, 3),
  ('calls/acme', '2026-10-15T10:00Z', '{"plan":"free"}', 1, 1, 1, 1),
  ('calls/acme', '2026-10-15T11:00Z', '{"sumdial.overflow":"true"}', 7, 1, 7, 7)`)
  // One with labels in both months, of which a day is past the last of the same days.
  const tokens = `('tokens/acme', '2026-11-03T10:00Z', '{"model":"large"}'::jsonb, 3), ('tokens/acme', '2026-10-21T23:00Z', '{"model":"large"}', 4),
    ('tokens/acme', '2026-10-22T00:00Z', '{"model":"large"}', 8), ('tokens/acme', '2026-10-01T00:00Z', '{"model":"small"}', 16)`
  for (const [table, labels] of [
    ['counters', ''],
    ['slices', 'labels, '],
  ]) {
    await stand.pool.query(`insert into sumdial.${table} (key, hour, ${labels}sum, count, min, max)
select key, hour::timestamptz, ${labels}sum, 1, sum, sum from (values ${tokens}) as own (key, hour, labels, sum)`)
  }
  await stand.pool.query(
    // The second is an import's, which holds no hour back.
    `insert into sumdial.ledger (writer, shard, seq) values (gen_random_uuid(), $1, 1), (gen_random_uuid(), $2, 1)`,
    [`${formatHour(addHours(NOW, -80))}/0`, shardOf(FIRST)],
  )
  await stand.pool.query('analyze sumdial.counters')
  await makeAll()
})

/** Has every day made that is not, all at once. */
async function makeAll(): Promise<void> {
  const toMake = `(select distinct (hour at time zone 'UTC')::date as day from sumdial.counters
except select day from sumdial.rollups where state in ('good', 'gone'))`
  await stand.pool.query(`delete from sumdial.days where day in ${toMake};
insert into sumdial.days select key, (hour at time zone 'UTC')::date, sum(sum), sum(count), min(min), max(max)
from sumdial.counters where (hour at time zone 'UTC')::date in ${toMake} group by 1, 2;
delete from sumdial.slice_days where day in ${toMake};
insert into sumdial.slice_days select key, (hour at time zone 'UTC')::date, labels, sum(sum), sum(count), min(min), max(max)
from sumdial.slices where (hour at time zone 'UTC')::date in ${toMake} group by 1, 2, 3;
insert into sumdial.rollups (day, state, made_at) select day, 'good', now() from ${toMake} as made
on conflict (day) do update set state = 'good'`)
}

afterAll(async () => {
  await stand?.stop()
  await server?.stop()
})

type Row = Record<string, unknown>

/** At a time of ours. `\copy` is psql's own, around the server's `copy`. */
const forServer = (sql: string) =>
  sql
    .replaceAll('now()', `timestamptz '${new Date(NOW_MS).toISOString()}'`)
    .replace(/^\\copy (.*) to '[^']*'/, 'copy $1 to stdout')

async function run(sql: string): Promise<Row[]> {
  const result = await stand.pool.query<Row>(forServer(sql))
  return result.rows ?? []
}

/** Blocks that work in steps are repeated `until it says DELETE 0`. */
async function runAsTold(sql: string): Promise<void> {
  let { rowCount } = await stand.pool.query(forServer(sql))
  while (sql.includes('limit 10000') && rowCount !== 0)
    rowCount = (await stand.pool.query(forServer(sql))).rowCount
}

const only = (text: string) => {
  const [block, ...others] = BLOCKS.filter(({ sql }) => sql.includes(text))
  if (block === undefined || others.length > 0) throw new Error(`not one block has ${text}`)
  return block.sql
}

const numbers = (rows: readonly Row[], name: string) => rows.map((row) => Number(row[name]))

type Counter = { readonly key: string; readonly hour: Hour; readonly sum: number; readonly count: number }

async function counters(): Promise<Counter[]> {
  const rows = await run(
    'select key, extract(epoch from hour)::int / 3600 as hour, sum::int, count::int from sumdial.counters',
  )
  return rows as Counter[]
}

const mondayOf = (ms: number) => {
  const day = Math.floor(ms / 86_400_000)
  return hourOf((day - ((day + 3) % 7)) * 86_400_000)
}

const sumOf = (rows: readonly Counter[]) => rows.reduce((sum, row) => sum + row.sum, 0)

async function until(sql: string): Promise<void> {
  for (;;) {
    const [row] = await run(sql)
    if (Object.values(row ?? {})[0] === true) return
  }
}

/** These tests run in order, because each sees what the ones before have made or deleted. */
describe('the SQL in the docs', () => {
  test('stands on pages that this test knows', () => {
    const withSql = readdirSync(DOCS).filter(
      (page) => page.endsWith('.md') && sqlBlocks(readFileSync(join(DOCS, page), 'utf8')).length > 0,
    )
    expect(withSql.sort()).toEqual([...PAGES].sort())
  })

  test('before anything is changed, adds up as a naive reader would', async () => {
    const all = await counters()
    const pricing = all.filter(({ key }) => key === 'site/example.com/pricing')
    const plans = await run(only("labels->>'plan'"))
    expect(plans).toEqual([
      { plan: '(overflow)', sum: '7', count: '1' },
      { plan: 'pro', sum: '5', count: '2' },
      { plan: '(none)', sum: '2', count: '1' },
      { plan: 'free', sum: '1', count: '1' },
    ])
    expect(await run(only("labels->>'model'"))).toEqual([
      { model: 'large', this_month: '3', last_month: '4' },
      { model: 'small', this_month: '0', last_month: '16' },
    ])
    const daily = await run(only('from sumdial.daily where'))
    const today = pricing.filter(({ hour }) => Math.floor(hour / 24) === Math.floor(NOW / 24))
    expect(daily.length).toBe(30)
    expect(Number(daily[0]?.['sum'])).toBe(sumOf(today))
    expect(await run(only('from sumdial.totals where'))).toMatchObject([
      {
        sum: String(sumOf(pricing)),
        first_hour: new Date(hourStartMs(Math.min(...pricing.map(({ hour }) => hour)) as Hour)),
      },
    ])

    const monday = mondayOf(NOW_MS)
    const byKey = Map.groupBy(
      all.filter(({ hour }) => hour >= monday),
      ({ key }) => key,
    )
    const top = [...byKey.values()].map(sumOf).sort((a, b) => b - a)
    expect(numbers(await run(only('order by sum desc, key limit 10')), 'sum')).toEqual(top.slice(0, 10))

    const growth = await run(only('growth_percent'))
    const recent = all.filter(({ hour }) => hour >= NOW - LAST_WEEK_AND_THIS)
    for (const row of growth) {
      const own = recent.filter(({ key }) => key === row['key'])
      const within = (from: number, to: number) => sumOf(own.filter(({ hour }) => hour >= from && hour < to))
      expect(Number(row['this_week'])).toBe(within(monday, NOW))
      expect(Number(row['last_week'])).toBe(within(monday - 168, NOW - 168))
    }

    const gaps = await run(only('as each'))
    const inDay = (i: number) => pricing.find(({ hour }) => hour === NOW - 23 + i)?.sum ?? 0
    expect(numbers(gaps, 'sum')).toEqual(Array.from({ length: 24 }, (_, i) => inDay(i)))
    expect(numbers(gaps, 'sum')).toContain(0)

    const share = await run(only('as percent'))
    expect(share.map((row) => row['key']).sort()).toEqual(['site/acme/a', 'site/acme/b'])
    expect(numbers(share, 'percent').reduce((a, b) => a + b)).toBeCloseTo(100, 1)

    const [bill] = await run(only('billed_until'))
    // The hour of the writer that nobody has sealed, which is before those that LATE_HOURS keeps open.
    expect(bill?.['billed_until']).toEqual(new Date(hourStartMs(addHours(NOW, -80))))
    const month = hourOf(Date.UTC(2026, 10))
    const billed = all.filter(
      ({ key, hour }) => key.startsWith('site/acme/') && hour >= month && hour < NOW - 80,
    )
    expect(Number(bill?.['sum'])).toBe(sumOf(billed))
  })

  test('after Postgres was restored, adds what it had lost, once, to what shards have added since', async () => {
    const lost = addHours(NOW, -48)
    await run('create table before as select * from sumdial.counters')
    await run(`delete from sumdial.counters where hour > '${formatHourStart(lost)}'`)
    await run(`update sumdial.counters set sum = sum - 1, count = count - 1
where hour = '${formatHourStart(lost)}' and count > 1`)
    await run('create table point as select * from sumdial.counters')
    const since = { key: 'site/acme/a', hour: addHours(NOW, -1) }
    await run(`insert into sumdial.counters (key, hour, sum, count, min, max)
values ('${since.key}', '${formatHourStart(since.hour)}', 5, 1, 5, 5)`)

    await run(only('from before as b'))
    const rows = await run(`select b.key, c.sum - b.sum as sum, c.count - b.count as count
from before as b left join sumdial.counters as c using (key, hour) where (c.sum, c.count) is distinct from (b.sum, b.count)`)
    expect(rows).toEqual([{ key: since.key, sum: '5', count: '1' }])
    const days = await run("select day::text from sumdial.rollups where state = 'stale' order by day")
    expect(days.map(({ day }) => day)).toEqual(['2026-11-19', '2026-11-20', '2026-11-21'])
  })

  test('[D1] removes a junk key for good, while its days are made and their hours are given up', async () => {
    const junk = only("where key = 'junk/key'")
    const client = await stand.pool.connect()
    const other = await stand.pool.connect()
    try {
      await client.query('begin')
      await client.query(
        `update sumdial.rollups set state = 'building' where day = '2026-10-15';
        update sumdial.days set count = count where day = '2026-10-15'`,
      )
      const removed = other.query(forServer(junk))
      await until(`select count(*) > 0 from pg_locks where not granted`)
      await client.query(`update sumdial.rollups set state = 'good' where day = '2026-10-15'; commit`)
      await removed
    } finally {
      client.release()
      other.release()
    }
    const left = `select (select count(*) from sumdial.counters where key = 'junk/key')::int as hours,
      (select count(*) from sumdial.days where key = 'junk/key')::int as days, (select count(*) from sumdial.days)::int > 0 as others`
    expect(await run(left)).toEqual([{ hours: 0, days: 0, others: true }])
    await makeAll()
    expect(await run(left)).toEqual([{ hours: 0, days: 0, others: true }])
    expect(await run('select state, count(*) > 0 as are from sumdial.rollups group by 1')).toEqual([
      { state: 'good', are: true },
    ])
  })

  test('is accepted, block by block, and leaves what it says', async () => {
    expect(BLOCKS.length).toBeGreaterThan(15)
    for (const { heading, sql } of BLOCKS) {
      await runAsTold(sql).catch((error: Error) => expect.fail(`${heading}: ${error.message}\n${sql}`))
      // The cron goes on meanwhile.
      await makeAll()
    }
    const days = await run('select distinct key from sumdial.days order by key')
    expect(days.map(({ key }) => key)).toEqual(KEPT)
    const left = await counters()
    expect([...new Set(left.map(({ key }) => key))].sort()).toEqual(KEPT)
    expect(left.every(({ hour }) => hour >= NOW - 24 * 400 - 1)).toBe(true)
    // The months that were dropped: what is left begins with the last that had not ended for six months.
    const first = new Date(hourStartMs(Math.min(...left.map(({ hour }) => hour)) as Hour))
    expect(first.toISOString()).toBe('2026-05-01T00:00:00.000Z')
  })

  test('after it, on the table of months, flushes, reads, lists, retention and migrations go on', async () => {
    expect(await migrate(String(stand.pool.options.connectionString))).toEqual([])
    const key = 'site/partitioned'
    const cells = Cells.of([[key, cellOf(5)]])
    const writer = crypto.randomUUID()
    const shard = `${formatHour(NOW)}/0`
    const batch = (seq: number) => ({
      writer,
      seq,
      id: crypto.randomUUID(),
      shard,
      hour: NOW,
      cells,
      increments: 1,
    })
    const [one, two] = [batch(1), batch(2)]
    for (const each of [one, one, two]) expect(await stand.sink.apply(each)).toEqual({ kind: 'applied' })
    const views = await run(
      "select pg_get_viewdef(oid) as sql from pg_class where relnamespace = 'sumdial'::regnamespace and relkind = 'v'",
    )
    expect([views.length, views.filter(({ sql }) => String(sql).includes('counters_before'))]).toEqual([
      4,
      [],
    ])
    // An hour of no month's is kept too.
    const old = { ...batch(1), writer: crypto.randomUUID(), hour: addHours(FIRST, -24 * 900) }
    expect(await stand.sink.apply(old)).toEqual({ kind: 'applied' })

    const read = createReader(stand.postgres)
    const { counters: found } = await read({
      keys: [key],
      buckets: [NOW],
      to: addHours(NOW, 1),
      writers: [writer],
    })
    expect(found.get(key)?.cells.get(NOW)).toMatchObject({ sum: 10n, count: 2 })
    const list = createLister(stand.postgres)
    const ranges = [{ from: 'site/p', to: 'site/q' }]
    const query = {
      ranges,
      from: NOW,
      to: addHours(NOW, 1),
      sort: 'key',
      grouping: null,
      after: null,
      limit: 5,
      contains: null,
      where: [],
    } as const
    expect((await list(query)).items).toMatchObject([{ key, sum: 10n }])

    const before = addHours(hourOf(Date.UTC(2026, 10, 21)), -24 * 40)
    await makeAll()
    const kept = (await counters()).filter(({ hour }) => hour >= before)
    const { deleted, hasMore } = await createRetention(stand.postgres)(before)
    expect(deleted).toBeGreaterThan(1_000)
    expect(hasMore).toBe(false)
    const byPlace = (rows: readonly Counter[]) => rows.map((row) => JSON.stringify(row)).sort()
    expect(byPlace(await counters())).toEqual(byPlace(kept))
  })

  test('after it, a range of hours is read from its months alone', async () => {
    const rows = await run(`explain (costs off) select sum(sum) from sumdial.counters
where hour >= '2026-11-03Z' and hour < '2026-11-05Z' and starts_with(key, 'site/')`)
    const tables = new Set(
      rows.flatMap((row) => String(row['QUERY PLAN']).match(/counters_(\d{4}_\d\d|default)/g) ?? []),
    )
    expect([...tables]).toEqual(['counters_2026_11'])
  })

  test('after it, a migration that sets a fill factor sets it of every month', async () => {
    const months = `select count(*)::int as months, min(reloptions::text) as least, max(reloptions::text) as most
from pg_class where relname ~ '^counters_(2\\d{3}_\\d\\d|default)$'`
    const [before] = await run(months)
    await run(
      readFileSync(join(import.meta.dirname, '../../migrations/0003_counters_room.sql'), 'utf8').replace(
        '= 60',
        '= 61',
      ),
    )
    const options = '{fillfactor=61}'
    expect(await run(months)).toEqual([{ ...before, least: options, most: options }])
    expect(before).toMatchObject({ least: '{fillfactor=60}', most: '{fillfactor=60}' })
  })
})
