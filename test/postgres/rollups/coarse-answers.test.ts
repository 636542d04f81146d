import { afterAll, beforeAll, expect, test } from 'vitest'
import { tableOfCounters } from '../../../src/edge/csv/tables.ts'
import { readKeys } from '../../../src/edge/read/counters.ts'
import { readLabels } from '../../../src/edge/read/labels.ts'
import { parseCounterParameters } from '../../../src/edge/read/query.ts'
import { readSeriesAnswer } from '../../../src/edge/read/series.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import { createGroupsReader } from '../../../src/postgres/groups.ts'
import { createLabelLister } from '../../../src/postgres/labels.ts'
import { createReader, createSeriesReader } from '../../../src/postgres/reader.ts'
import { goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'
import { type Stand, startStand } from '../stand.ts'
import { hourIn } from './deeds.ts'
import { addedUp, dayOf, fill, type State } from './tables.ts'

const NOW = Date.UTC(2026, 0, 20, 12, 30)
const GONE = [0, 1, 2]
const SLICE = `k${labelsText({ plan: 'pro' })}`

let stand: Stand
beforeAll(async () => {
  stand = await startStand(4)
  const days = [0, 1, 2, 3].map((day) => ({
    key: SLICE,
    hour: hourIn(day, 7),
    cell: cellOf(10 ** day),
    updatedMs: NOW,
  }))
  await fill(
    { query: async (text, params) => (await stand.pool.query(text, params)).rows },
    // The hours of the first three days are deleted.
    {
      rows: days.slice(3),
      days: addedUp(days, 'day'),
      states: new Map(GONE.map((day): [number, State] => [dayOf(hourIn(day)), 'gone'])),
    },
  )
})
afterAll(() => stand?.stop())

const notAsked = () => Promise.reject(new Error('not asked'))
const services = () => ({
  config: { shards: scheduleOf('1') },
  nowMs: NOW,
  database: {
    readCommitted: createReader(stand.postgres),
    readSeries: createSeriesReader(stand.postgres),
    readGroups: createGroupsReader(stand.postgres),
    listLabels: createLabelLister(stand.postgres),
    firstHour: notAsked,
  },
  shards: { unsettled: notAsked, unsettledSum: notAsked, unsettledGroups: notAsked },
})

async function readKey(search: string) {
  const [answer] = goodOf(await readKeys(goodOf(parseCounterParameters(search, undefined)), services()))
  return answer
}

const all = (sum: number) => ({ total: expect.objectContaining({ sum: BigInt(sum) }) })
const IN_DAYS = 'from=2026-01-01&to=2026-01-05&bucket=day&consistency=committed'
const CUT = 'from=2026-01-02T06:00:00Z&to=2026-01-03T06:00:00Z&bucket=day&consistency=committed'
/** The second day begins before the range, and counts nowhere; the third counts whole. */
const COARSE = { ...all(100), coarse: [{ from: '2026-01-02T00:00:00Z', to: '2026-01-04T00:00:00Z' }] }

test('[D1] whole UTC days are answered as if their hours were there, and nothing is coarse', async () => {
  for (const search of [`?key=k&${IN_DAYS}`, `?key=k&by=plan&${IN_DAYS}`]) {
    const answer = await readKey(search)
    expect(answer).toMatchObject(all(1111))
    expect(answer?.buckets.map(({ sum }) => sum)).toEqual([1n, 10n, 100n, 1000n])
    expect(answer).not.toHaveProperty('coarse')
  }
})

test('[D1] an answer whose edge cuts a day without hours says so, whatever was asked for', async () => {
  expect(await readKey(`?key=k&${CUT}`)).toMatchObject(COARSE)
  expect(await readKey(`?key=k&by=plan&${CUT}`)).toMatchObject(COARSE)
  expect(goodOf(await readSeriesAnswer(`?prefix=k&${CUT}`, null, services()))).toMatchObject(COARSE)
  const grant = { name: '', scopes: ['read'], prefix: null } as const
  const search = '?key=k&from=2026-01-02T06:00:00Z&to=2026-01-03T06:00:00Z'
  expect(
    goodOf(await readLabels(search, { ...grant, scopes: [...grant.scopes] }, NOW, services().database)),
  ).toMatchObject({
    labels: [{ largest: [{ sum: 100n }] }],
    coarse: COARSE.coarse,
  })
})

test('[D1] a day without hours counts in the hour, and in the day of a zone, in which it begins', async () => {
  const hours = await readKey('?key=k&from=2026-01-01&to=2026-01-02&consistency=committed')
  expect(hours?.buckets[0]).toMatchObject({ start: '2026-01-01T00:00:00Z', sum: 1n })
  expect(hours).toMatchObject(all(1))
  const india = await readKey(`?key=k&tz=Asia/Kolkata&${IN_DAYS}`)
  // 1 January in India began at 18:30 UTC the day before, and the UTC day of 1 January began within it.
  expect(india?.buckets.map(({ sum }) => sum)).toEqual([1n, 10n, 100n, 1000n])
  expect(india?.coarse).toEqual([{ from: '2026-01-01T00:00:00Z', to: '2026-01-04T00:00:00Z' }])
})

test('[D1] a table in CSV says in a header what is coarse', async () => {
  const answer = await readKey(`?key=k&${CUT}`)
  expect(tableOfCounters(answer === undefined ? [] : [answer]).fields).toMatchObject({
    coarse: '2026-01-02T00:00:00Z/2026-01-04T00:00:00Z',
  })
})

test('[D1] a day that SQL has made unreadable is left out and named, as an hour would be', async () => {
  await stand.pool.query("update sumdial.days set sum = 1.5 where day = '2026-01-02'")
  const unreadable = [{ key: 'k', hour: '2026-01-02T00:00:00Z' }]
  expect(goodOf(await readSeriesAnswer(`?prefix=k&${IN_DAYS}`, null, services()))).toMatchObject({
    ...all(1101),
    unreadable,
  })
  expect(
    await readKeys(goodOf(parseCounterParameters(`?key=k&${IN_DAYS}`, undefined)), services()),
  ).toMatchObject({
    error: { kind: 'unreadable_rows', rows: unreadable },
  })
})
