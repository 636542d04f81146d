import { describe, expect, test } from 'vitest'
import { encodeCursor } from '../../../src/edge/read/cursor.ts'
import { readLabels } from '../../../src/edge/read/labels.ts'
import { parseListQuery } from '../../../src/edge/read/list.ts'
import { readSeriesAnswer } from '../../../src/edge/read/series.ts'
import type { Grant } from '../../../src/model/access/grant.ts'
import { addHours, formatHourStart, type Hour, hourOf } from '../../../src/model/hour.ts'
import { keyAlone, keysFrom } from '../../../src/model/key.ts'
import { noFirstHour, parseCounterQuery } from '../../support/queries.ts'
import { badOf, eitherOf, goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 30, 15, 20)
const HOUR = hourOf(NOW)

/** The hours that a read asks for, by what, and in how many buckets; or why it is refused. */
async function asked(search: string, firstHour: () => Promise<Hour | null> = noFirstHour) {
  const query = eitherOf(await parseCounterQuery(`?key=k&${search}`, NOW, firstHour))
  if ('kind' in query) return query
  return [formatHourStart(query.range.from), formatHourStart(query.range.to), query.unit]
}

describe('a range that has a name', () => {
  test('is that of the zone; without a bucket it is the total alone, as no read was before there were names', async () => {
    expect(await asked('range=this-month&tz=Europe/Berlin')).toEqual([
      '2026-10-31T23:00:00Z',
      '2026-11-30T16:00:00Z',
      null,
    ])
    expect(await asked('range=24h&bucket=hour')).toEqual([
      '2026-11-29T16:00:00Z',
      '2026-11-30T16:00:00Z',
      'hour',
    ])
    expect(await asked('')).toEqual(['2026-11-29T16:00:00Z', '2026-11-30T16:00:00Z', 'hour'])
  })

  test.each(['from=2026-11-01', 'to=0', 'from=2026-11-01&to=2026-11-02'])(
    'is not beside %s',
    async (other) => {
      expect(await asked(`range=today&${other}`)).toMatchObject({
        parameter: 'range',
        fault: 'cannot be combined with `from` or `to`',
      })
    },
  )

  test('that is unknown is told which there are', async () => {
    const fault = 'must be one of today, yesterday, 24h, 7d, 30d, 12mo, this-month, last-month, all'
    for (const range of ['90d', 'Today', '']) {
      const list = await parseListQuery(`?prefix=&range=${range}`, null, NOW, noFirstHour)
      expect(list).toMatchObject({ error: { parameter: 'range', fault } })
    }
  })

  test('of everything asks Postgres for its beginning, unless the shards alone are asked', async () => {
    const first = async () => addHours(HOUR, -100)
    const never = () => Promise.reject(new Error('Postgres was asked'))
    expect(await asked('range=all&bucket=hour', first)).toContain('2026-11-26T11:00:00Z')
    expect(await asked('range=all&bucket=hour&consistency=unsettled', never)).toContain(
      '2026-11-30T14:00:00Z',
    )
  })

  test('with too many buckets is refused by its name', async () => {
    expect(await asked('range=12mo&bucket=hour&key=b')).toMatchObject({
      parameter: 'range',
      fault: { unit: 'buckets' },
    })
  })
})

describe('range=all', () => {
  const since = (hour: Hour | null) => () => Promise.resolve(hour)

  test('has months by default, from the one in which the first hour is, and any bucket that is asked for', async () => {
    const first = since(hourOf(Date.UTC(2025, 2, 9, 4)))
    expect(await asked('range=all', first)).toEqual(['2025-03-01T00:00:00Z', '2026-11-30T16:00:00Z', 'month'])
    expect(await asked('range=all&bucket=day', first)).toEqual([
      '2025-03-09T00:00:00Z',
      '2026-11-30T16:00:00Z',
      'day',
    ])
  })

  test('[R1] of a key that Postgres does not have begins with the hours in which a shard may have it', async () => {
    expect(await asked('range=all&bucket=hour', since(null))).toEqual([
      '2026-11-30T14:00:00Z',
      '2026-11-30T16:00:00Z',
      'hour',
    ])
    expect(await asked('range=all&bucket=hour&freshHours=30', since(HOUR))).toEqual([
      '2026-11-29T09:00:00Z',
      '2026-11-30T16:00:00Z',
      'hour',
    ])
    const committed = await asked('range=all&bucket=hour&consistency=committed', since(null))
    expect(committed).toEqual(['2026-11-30T15:00:00Z', '2026-11-30T16:00:00Z', 'hour'])
  })

  test('with too many buckets names how many there would be', async () => {
    const first = since(addHours(HOUR, -20_000))
    expect(await asked('range=all&bucket=hour', first)).toMatchObject({
      parameter: 'range',
      fault: { asked: 20_001 },
    })
  })
})

test('a date is the midnight of the zone, and `to` is not included', async () => {
  expect(await asked('from=2026-11-01&to=2026-11-21&bucket=day&tz=America/New_York')).toEqual([
    '2026-11-01T04:00:00Z',
    '2026-11-21T05:00:00Z',
    'day',
  ])
  // Its first hour begins half an hour after midnight.
  expect(await asked('from=2026-11-01&to=2026-11-02&tz=Asia/Kolkata')).toMatchObject([
    '2026-10-31T19:00:00Z',
    '2026-11-01T19:00:00Z',
    'hour',
  ])
  expect(await asked('from=2026-11-02&to=2026-11-01')).toMatchObject({ parameter: 'from' })
})

test.each([
  ['America/Santiago', '2026-09-05', '2026-09-06', '2026-09-05T04:00:00Z', '2026-09-06T04:00:00Z'],
  ['America/Santiago', '2026-09-06', '2026-09-07', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
  ['America/Havana', '2026-03-07', '2026-03-08', '2026-03-07T05:00:00Z', '2026-03-08T05:00:00Z'],
])(
  'a day beside a midnight that clocks skip is whole, and has nothing of its neighbour: %s, %s',
  async (tz, from, to, first, end) => {
    for (const unit of ['hour', 'day'])
      expect(await asked(`from=${from}&to=${to}&bucket=${unit}&tz=${tz}`)).toEqual([first, end, unit])
  },
)

describe('a list of a range', () => {
  const list = async (search: string, nowMs = NOW) =>
    eitherOf(await parseListQuery(`?prefix=&${search}`, null, nowMs, noFirstHour))

  test('asks for its hours', async () => {
    const { query } = goodOf(
      await parseListQuery('?prefix=&range=last-month&tz=Europe/Berlin', null, NOW, noFirstHour),
    )
    expect([query.from, query.to].map(formatHourStart)).toEqual([
      '2026-09-30T22:00:00Z',
      '2026-10-31T23:00:00Z',
    ])
  })

  test('keeps the hours of its first page, and no cursor belongs to another range or zone', async () => {
    const [from, to] = [addHours(HOUR, -23), addHours(HOUR, 1)]
    const cursor = encodeCursor({
      prefix: '',
      contains: null,
      where: [],
      depth: null,
      rangeName: '24h UTC',
      from,
      to,
      after: 'k',
    })
    const later = NOW + 5 * 3_600_000
    expect(await list(`range=24h&cursor=${cursor}`, later)).toMatchObject({ query: { from, to, after: 'k' } })
    expect(await list(`cursor=${cursor}`, later)).toMatchObject({ query: { from, to } })
    for (const other of ['range=7d', 'range=24h&tz=Asia/Kolkata']) {
      expect(await list(`${other}&cursor=${cursor}`)).toMatchObject({ parameter: 'cursor' })
    }
  })
})

describe('compare=previous', () => {
  const hours = async (search: string) => {
    const { previous } = goodOf(await parseCounterQuery(`?key=k&compare=previous&${search}`, NOW))
    return previous === null ? null : [previous.from, previous.to].map(formatHourStart)
  }

  test('is the same part of the month before, or as long before', async () => {
    expect(await hours('range=this-month&by=model')).toEqual(['2026-10-01T00:00:00Z', '2026-10-30T16:00:00Z'])
    expect(await hours('range=last-month')).toEqual(['2026-09-01T00:00:00Z', '2026-10-01T00:00:00Z'])
    expect(await hours('')).toEqual(['2026-11-28T16:00:00Z', '2026-11-29T16:00:00Z'])
    expect(await hours('from=2026-11-01&to=2026-12-01&bucket=month')).toEqual([
      '2026-10-01T00:00:00Z',
      '2026-10-30T16:00:00Z',
    ])
    expect(goodOf(await parseCounterQuery('?key=k', NOW)).previous).toBeNull()
  })

  test.each([
    ['range=all', 'cannot be combined with `range=all`, because nothing comes before that'],
    ['consistency=unsettled', expect.stringContaining('cannot be combined with `consistency=unsettled`')],
  ])('is refused where it would say nothing: %s', async (search, fault) => {
    const query = await parseCounterQuery(`?key=k&compare=previous&${search}`, NOW)
    expect(query).toMatchObject({ error: { parameter: 'compare', fault } })
  })

  test('that is no other is told so', async () => {
    const query = await parseCounterQuery('?key=k&compare=last-year', NOW)
    expect(query).toMatchObject({ error: { parameter: 'compare', fault: 'must be previous' } })
  })

  test('counts its buckets, and the largest limit that fits is named', async () => {
    // 24 + 24 hours of 2 keys: 10,000 / 96 has room for 104 parts, of which three are no groups.
    const search = '?key=k&key=l&by=plan&range=24h&bucket=hour'
    expect(await parseCounterQuery(`${search}&limit=100`, NOW)).toMatchObject({ ok: true })
    const long = '?key=k&by=plan&range=30d&bucket=hour'
    expect(await parseCounterQuery(`${long}&limit=10`, NOW)).toMatchObject({ ok: true })
    expect(await parseCounterQuery(`${long}&limit=10&compare=previous`, NOW)).toMatchObject({
      error: { parameter: 'limit', fault: expect.stringContaining('ask for at most 4') },
    })
    const alone = '?key=k&range=12mo&bucket=hour'
    expect(await parseCounterQuery(alone, NOW)).toMatchObject({ ok: true })
    expect(await parseCounterQuery(`${alone}&compare=previous`, NOW)).toMatchObject({
      error: { parameter: 'range' },
    })
  })
})

test("[S2] a token with a prefix has ranges of everything from the first hour of its own keys, and asks for no other's", async () => {
  const asked: unknown[] = []
  const firstHour = async (of: unknown) => {
    asked.push(of)
    return HOUR
  }
  const never = () => Promise.reject(new Error('not asked'))
  const none = async () => ({ counters: new Map(), ledger: new Map(), unreadable: [], coarse: [] })
  const database = { firstHour, readSeries: none, readGroups: none, list: never, listLabels: never }
  const services = {
    config: { shards: scheduleOf('1') },
    nowMs: NOW,
    database,
    shards: { unsettledSum: never, unsettledGroups: never },
  }
  const own = [keyAlone('site/a'), keysFrom('site/a/')]
  goodOf(await readSeriesAnswer('?prefix=&range=all&consistency=committed', 'site/a', services))
  goodOf(await parseListQuery('?prefix=si&range=all', 'site/a', NOW, firstHour))
  const grant: Grant = { name: '', scopes: ['read'], prefix: 'site/a' }
  await readLabels('?prefix=&range=all', grant, NOW, database).catch(() => undefined)
  expect(asked).toEqual([{ ranges: own }, { ranges: own }, { ranges: own }])
  for (const prefix of ['site/ab', 'other']) {
    const search = `?prefix=${prefix}&range=all`
    expect(badOf(await readSeriesAnswer(search, 'site/a', services))).toMatchObject({ kind: 'forbidden' })
    expect(badOf(await parseListQuery(search, 'site/a', NOW, firstHour))).toMatchObject({ kind: 'forbidden' })
  }
  expect(badOf(await readLabels('?key=site/ab&range=all', grant, NOW, database))).toMatchObject({
    kind: 'forbidden',
  })
  expect(asked).toHaveLength(3)
})
