import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { cellOf } from '../../../src/model/cell.ts'
import { addHours } from '../../../src/model/hour.ts'
import { keysFrom } from '../../../src/model/key.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createFirstHourReader } from '../../../src/postgres/first-hour.ts'
import { createGroupsReader } from '../../../src/postgres/groups.ts'
import { createLabelLister } from '../../../src/postgres/labels.ts'
import { createReader, createSeriesReader } from '../../../src/postgres/reader.ts'
import { postgresAt } from '../../support/postgres-at.ts'
import { type Stand, startStand } from '../stand.ts'
import { hourIn } from './deeds.ts'
import { fill } from './tables.ts'

const SLICE = `k${labelsText({ plan: 'pro' })}`

let stand: Stand
beforeAll(async () => {
  stand = await startStand(4)
  const row = { cell: cellOf(7), updatedMs: 0 }
  const rows = [
    { key: 'k', hour: hourIn(0, 5), ...row },
    { key: SLICE, hour: hourIn(1, 6), ...row },
  ]
  await fill(
    { query: async (text, params) => (await stand.pool.query(text, params)).rows },
    { rows, days: [], states: new Map() },
  )
})
afterAll(() => stand?.stop())

/** The sum of each kind of read over two old days, and the first hour of the key, of its prefix and of another. */
async function sums(postgres: Postgres): Promise<unknown[]> {
  const rows = { buckets: [hourIn(0)], to: hourIn(2), writers: [] }
  const all = { ranges: [keysFrom('k')], name: 'k' }
  const reads = [
    await createReader(postgres)({ ...rows, keys: ['k'] }),
    await createSeriesReader(postgres)({ ...rows, ...all }),
    await createGroupsReader(postgres)({ ...rows, by: 'plan', where: [], keys: ['k'] }),
  ]
  const labels = await createLabelLister(postgres)({
    ...all,
    from: hourIn(0),
    to: hourIn(2),
    names: 1,
    values: 1,
  })
  const firstHour = createFirstHourReader(postgres)
  const firsts = [{ keys: ['k'] }, { ranges: all.ranges }, { ranges: [keysFrom('other')] }].map(firstHour)
  return [
    ...(await Promise.all(firsts)),
    ...reads.map(({ counters }) => counters.get('k')?.cells.get(hourIn(0))?.sum),
    labels.items[0]?.largest[0]?.sum,
  ]
}

const SUMS = [hourIn(0, 5), hourIn(0, 5), null, 14n, 14n, 14n, 7n]

test('[D1] a reader who may not see which days are gone gets no answer, because their hours may be deleted', async () => {
  await stand.pool.query(`create role reader login; grant usage on schema sumdial to reader;
grant select on sumdial.counters, sumdial.slices, sumdial.ledger, sumdial.days, sumdial.slice_days to reader`)
  onTestFinished(async () => void (await stand.pool.query('drop owned by reader; drop role reader')))
  const url = stand.url.replace('postgres:postgres@', 'reader@')
  const reader = postgresAt({ kind: 'tcp', url })
  await expect(sums(reader)).rejects.toThrow('permission denied for table rollups')
  await stand.pool.query('grant select on sumdial.rollups to reader')
  expect(await sums(reader)).toEqual(SUMS)
})

test('[D1] before the migration that brings days, old hours are read as hours; without hours there is no answer', async () => {
  expect(await sums(stand.postgres)).toEqual(SUMS)
  for (const table of ['rollups', 'days', 'slice_days']) {
    await stand.pool.query(`alter table sumdial.${table} rename to ${table}_away`)
    expect(await sums(stand.postgres)).toEqual(SUMS)
  }
  await stand.pool.query('alter table sumdial.counters rename to counters_away')
  await expect(
    createReader(stand.postgres)({
      keys: ['k'],
      buckets: [hourIn(0)],
      to: addHours(hourIn(0), 48),
      writers: [],
    }),
  ).rejects.toThrow('SQLSTATE 42P01')
})
