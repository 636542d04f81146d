import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { must } from '../../src/model/assert.ts'
import { sqlBlocks } from '../support/markdown-sql.ts'
import { type Stand, startStand } from './stand.ts'

const DOCS = join(import.meta.dirname, '../../docs')

type Target = {
  readonly rawSql: string
  readonly format: string
  readonly datasource: { readonly type: string; readonly uid: string }
}
type Panel = {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly datasource?: Target['datasource']
  readonly targets?: readonly Target[]
}

const dashboard = JSON.parse(readFileSync(join(DOCS, 'grafana-figures.json'), 'utf8')) as {
  readonly panels: readonly Panel[]
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[]
  }
}

const SQL = new Map(
  dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ rawSql }) => [title, rawSql])),
)

/** The 14th of a month after one of 31 days. */
const NOW = '2026-08-14T09:30:00Z'
const FIRST_DAY = '2025-06-20'
const DAYS = 421
/** Days that ended so long ago have a state. */
const ROLLED_UP = DAYS - 4
const PREFIX = "it's/"

let stand: Stand
beforeAll(async () => {
  stand = await startStand(4)
  const [role = ''] = sqlBlocks(readFileSync(join(DOCS, 'sql.md'), 'utf8')).map(({ sql }) => sql)
  await stand.pool.query(role)
  await fill()
})
afterAll(async () => {
  await stand?.pool.query('drop owned by analyst; drop role analyst')
  await stand?.stop()
})

type Row = { day: string; hour: number; key: string; plan: string | null; sum: number }
const truth: Row[] = []

/** Rows of a day's first hour and of its last, for keys with labels and without; then most days are rolled up, and some are gone. */
async function fill(): Promise<void> {
  const random = fc.sample(fc.integer({ min: 1, max: 999 }), { seed: 7, numRuns: 20_000 })
  let n = 0
  for (let d = 0; d < DAYS; d++) {
    const day = new Date(Date.parse(FIRST_DAY) + d * 86_400_000).toISOString().slice(0, 10)
    for (const hour of [0, 23]) {
      if (`${day}T${String(hour).padStart(2, '0')}` > NOW) continue
      for (const key of [`${PREFIX}a`, `${PREFIX}b`, `${PREFIX}c/d`, 'other']) {
        for (const plan of [null, 'pro', 'free', `p${n % 13}`])
          truth.push({ day, hour, key, plan, sum: random[n++ % 20_000] ?? 1 })
      }
    }
  }
  const rows = (labelled: boolean) => {
    const own = truth.filter(({ plan }) => !labelled || plan !== null)
    return [
      own.map(({ day, hour }) => `${day}T${String(hour).padStart(2, '0')}:00Z`),
      own.map(({ key }) => key),
      own.map(({ plan }) => JSON.stringify(plan === null ? {} : { plan })),
      own.map(({ sum }) => sum),
    ]
  }
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max)
select key, hour, sum(sum), count(*), min(sum), max(sum) from unnest($1::timestamptz[], $2::text[], $3::text[], $4::int[]) as r (hour, key, labels, sum) group by key, hour`,
    rows(false),
  )
  await stand.pool.query(
    `insert into sumdial.slices (key, hour, labels, sum, count, min, max)
select key, hour, labels::jsonb, sum(sum), count(*), min(sum), max(sum) from unnest($1::timestamptz[], $2::text[], $3::text[], $4::int[]) as r (hour, key, labels, sum) group by key, hour, labels`,
    rows(true),
  )
  for (const [days, hours, also] of [
    ['days', 'counters', ''],
    ['slice_days', 'slices', 'labels, '],
  ] as const) {
    await stand.pool.query(
      `insert into sumdial.${days} (key, day, ${also}sum, count, min, max)
select key, (hour at time zone 'UTC')::date, ${also}sum(sum), sum(count), min(min), max(max) from sumdial.${hours}
where hour < $1::date + $2::int group by ${also}1, 2`,
      [FIRST_DAY, ROLLED_UP],
    )
  }
  // Of each eleven days one is stale, and wrong; the oldest hundred are gone, with some of their hours.
  await stand.pool.query(
    `insert into sumdial.rollups (day, state)
select $1::date + n, case when n < 100 then 'gone' when n % 11 = 3 then 'stale' else 'good' end from generate_series(0, $2::int - 1) as n`,
    [FIRST_DAY, ROLLED_UP],
  )
  for (const [days, hours] of [
    ['days', 'counters'],
    ['slice_days', 'slices'],
  ]) {
    await stand.pool.query(
      `update sumdial.${days} d set sum = sum + 1 from sumdial.rollups r where r.day = d.day and state = 'stale'`,
    )
    await stand.pool.query(`delete from sumdial.${hours} where hour < $1::date + 100 and key <> 'other'`, [
      FIRST_DAY,
    ])
  }
  await stand.pool.query('analyze')
}

type Asked = { readonly from: string; readonly to: string; readonly prefix: string; readonly label: string }
const ASKED: Asked = { from: '2026-07-16T10:20:30.123Z', to: NOW, prefix: PREFIX, label: 'plan' }

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

/** The SQL of a panel as Grafana sends it, at a time of ours. */
function sent(title: string, { from, to, prefix, label }: Asked): string {
  return must(SQL.get(title), title)
    .replaceAll('$__timeFrom()', quoted(from))
    .replaceAll('$__timeTo()', quoted(to))
    .replaceAll(/\$\{prefix:sqlstring\}/g, quoted(prefix))
    .replaceAll(/\$\{label:sqlstring\}/g, quoted(label))
    .replaceAll('now()', `timestamptz ${quoted(NOW)}`)
}

/** Runs a panel's SQL as the role that the docs make, which reads and does nothing else. */
async function run(
  title: string,
  asked: Partial<Asked> = {},
  explain = '',
): Promise<Record<string, unknown>[]> {
  const client = await stand.pool.connect()
  try {
    await client.query('set role analyst')
    return (await client.query(explain + sent(title, { ...ASKED, ...asked }))).rows
  } finally {
    await client.query('reset role')
    client.release()
  }
}

const sumOf = (rows: readonly Row[]) => String(rows.reduce((sum, row) => sum + row.sum, 0))
const of = (from: string, to: string, prefix = PREFIX) =>
  truth.filter(({ day, key }) => day >= from && day <= to && key.startsWith(prefix))
const percent = (a: string, b: string) => ((100 * (Number(a) - Number(b))) / Number(b)).toFixed(1)

describe('the dashboard of figures', () => {
  test('asks the data source that the reader chooses, and knows of what it asks', () => {
    expect(dashboard.templating.list[0]).toMatchObject({
      name: 'datasource',
      query: 'grafana-postgresql-datasource',
    })
    const variables = new Set(dashboard.templating.list.map(({ name }) => name))
    const panels = dashboard.panels.filter(({ type }) => type !== 'row')
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { datasource, targets = [] } of panels) {
      for (const own of [datasource, ...targets.map((target) => target.datasource)])
        expect(own).toEqual({
          type: 'grafana-postgresql-datasource',
          uid: expect.stringMatching(/^\$\{datasource\}$/),
        })
      const used = targets.flatMap(({ rawSql }) =>
        Array.from(rawSql.matchAll(/\$\{?(?!__)(\w+)/g), ([, name = '']) => name),
      )
      expect(used.filter((name) => !variables.has(name))).toEqual([])
    }
  })

  test('shows this month beside last, to the last increment of each day', async () => {
    const [thisMonth, lastPart, last] = [
      of('2026-08-01', '2026-08-14'),
      of('2026-07-01', '2026-07-14'),
      of('2026-07-01', '2026-07-31'),
    ].map(sumOf)
    expect(await run('This month and last')).toEqual([
      { 'This month so far': thisMonth, 'Last month up to this day': lastPart, 'Last month': last },
    ])
    const complete = percent(sumOf(of('2026-08-01', '2026-08-13')), sumOf(of('2026-07-01', '2026-07-13')))
    expect(await run('Change')).toEqual([{ Change: complete }])
    const byDay = await run('This month beside last, added up by day')
    expect(byDay).toHaveLength(31)
    expect([byDay[0], byDay[13], byDay[14], byDay[30]]).toEqual([
      {
        Day: '1',
        'This month': sumOf(of('2026-08-01', '2026-08-01')),
        'Last month': sumOf(of('2026-07-01', '2026-07-01')),
      },
      { Day: '14', 'This month': thisMonth, 'Last month': lastPart },
      { Day: '15', 'This month': null, 'Last month': sumOf(of('2026-07-01', '2026-07-15')) },
      { Day: '31', 'This month': null, 'Last month': last },
    ])
  })

  test('shows thirteen months, of days, of hours and of days whose hours are gone', async () => {
    const months = Map.groupBy(of('2025-08-01', '2026-08-14'), ({ day }) => day.slice(0, 7))
    expect(await run('Last 12 months, and this one so far')).toEqual(
      [...months].map(([month, rows]) => ({ Month: month, sum: sumOf(rows) })),
    )
    expect(months.size).toBe(13)
  })

  test.each([PREFIX, '', 'nothing'])('shows the days of the range, whole, for %j', async (prefix) => {
    const days = Map.groupBy(of('2026-07-16', '2026-08-14', prefix), ({ day }) => day)
    expect(await run('By day', { prefix })).toEqual(
      [...days].map(([day, rows]) => ({ time: new Date(day), sum: sumOf(rows) })),
    )
  })

  test('shows the largest keys beside as many days before', async () => {
    const keys = [`${PREFIX}a`, `${PREFIX}b`, `${PREFIX}c/d`]
    const all = of('2026-07-16', '2026-08-14')
    const rows = keys.map((key) => {
      const own = all.filter((row) => row.key === key)
      const previous = sumOf(of('2026-06-16', '2026-07-15', key))
      const sum = sumOf(own)
      return {
        Key: key,
        Sum: sum,
        Count: String(own.length),
        Share: ((100 * Number(sum)) / Number(sumOf(all))).toFixed(1),
        'Period before': previous,
        Change: percent(sum, previous),
      }
    })
    expect(await run('Largest keys')).toEqual(rows.toSorted((a, b) => Number(b.Sum) - Number(a.Sum)))
  })

  test('[L1] shows the values of a label, with what has none and all others, which add up to the total', async () => {
    const all = of('2026-07-16', '2026-08-14')
    const values = [...Map.groupBy(all, ({ plan }) => plan ?? '(none)')]
      .map(([value, rows]) => ({ Value: value, Sum: sumOf(rows), Count: String(rows.length) }))
      .sort((a, b) => Number(b.Sum) - Number(a.Sum))
    const found = await run('Largest values of $label')
    expect(found.map(({ Value, Sum, Count }) => ({ Value, Sum, Count }))).toEqual(values)
    const parts = await run('By $label')
    const names = new Set(parts.map(({ metric }) => String(metric)))
    expect(names).toEqual(new Set([...values.slice(0, 10).map(({ Value }) => Value), '(others)']))
    for (const [day, rows] of Map.groupBy(all, (row) => row.day)) {
      const own = parts.filter(({ time }) => (time as Date).toISOString().startsWith(day))
      expect(own.reduce((sum, { value }) => sum + Number(value), 0)).toBe(Number(sumOf(rows)))
    }
  })

  test('[D1] reads a year from days: of hours, only those of the days that are not rolled up', async () => {
    const wide = { from: '2025-08-14T00:00:00Z', prefix: '' }
    const stale = Math.ceil((ROLLED_UP - 100) / 11)
    const days = DAYS - ROLLED_UP + stale
    for (const [title, table] of [
      ['By day', 'counters'],
      ['Largest keys', 'counters'],
      ['Last 12 months, and this one so far', 'counters'],
    ] as const) {
      const [plan] = await run(title, wide, 'explain (analyze, format json) ')
      expect(rowsRead(plan?.['QUERY PLAN'], table)).toBeLessThanOrEqual(days * 2 * 4 + 2)
    }
  })
})

/** The rows that a plan's scans of a table found, and threw away. */
function rowsRead(plan: unknown, table: string): number {
  if (Array.isArray(plan)) return plan.reduce((sum, part) => sum + rowsRead(part, table), 0)
  if (typeof plan !== 'object' || plan === null) return 0
  const node = plan as Record<string, unknown>
  const own =
    node['Relation Name'] === table
      ? (Number(node['Actual Rows']) + Number(node['Rows Removed by Filter'] ?? 0)) *
        Number(node['Actual Loops'])
      : 0
  return Object.values(node).reduce((sum: number, part) => sum + rowsRead(part, table), own)
}
