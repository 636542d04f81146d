import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Hour } from '../../src/model/hour.ts'
import { hourOf } from '../../src/model/hour.ts'
import { createLedger, type Ledger } from '../../src/postgres/ledger.ts'
import { type Stand, startStand, WAYS } from './stand.ts'

let stand: Stand
let ledger: Ledger

beforeAll(async () => {
  stand = await startStand(4)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

/** Adds writers of a shard, sealed so many days ago, or not. */
async function addWriters(shard: string, count: number, sealedDays: number | null): Promise<void> {
  await stand.pool.query(
    `insert into sumdial.ledger (writer, shard, seq, increments, sealed, sealed_at)
     select gen_random_uuid(), $1, 1, 5, $3::int is not null, now() - make_interval(days => $3::int)
     from generate_series(1, $2::int)`,
    [shard, count, sealedDays],
  )
}

/** The writers of a shard, those that are not sealed first. */
async function writersOf(shard: string): Promise<string[]> {
  const { rows } = await stand.pool.query<{ writer: string }>(
    'select writer from sumdial.ledger where shard = $1 order by sealed',
    [shard],
  )
  return rows.map(({ writer }) => writer)
}

async function countRows(): Promise<number> {
  const { rows } = await stand.pool.query<{ count: number }>('select count(*)::int from sumdial.ledger')
  return rows[0]?.count ?? 0
}

describe.each(WAYS)('the ledger, over %s,', (way) => {
  beforeAll(() => {
    ledger = createLedger(stand.over(way))
  })

  test('[P1] is pruned of writers sealed more than 31 days ago, and of no others, in more than one step', async () => {
    await addWriters('2026-01-01T00Z/0', 2_500, 32)
    await addWriters('2026-01-01T01Z/0', 3, 30)
    await addWriters('2026-01-01T02Z/0', 2, null)
    expect(await ledger.prune()).toBe(2_500)
    expect(await countRows()).toBe(5)
    expect(await ledger.prune()).toBe(0)
  })

  test('[Z1] names the shards of hours long closed whose writers nobody has sealed, page by page', async () => {
    await addWriters('2026-01-01T00Z/0', 1, 2)
    await addWriters('2026-01-01T01Z/1', 2, null)
    await addWriters('2026-01-01T01Z/1', 1, 1)
    await addWriters('2026-01-01T03Z/0', 1, null)
    await addWriters('2026-01-01T05Z/0', 1, null)
    const before = hourOf(Date.UTC(2026, 0, 1, 5)) as Hour
    const all = await ledger.stragglers(before, null)
    expect(all.map(({ shard, writers }) => [shard, writers.length])).toEqual([
      ['2026-01-01T01Z/1', 2],
      ['2026-01-01T03Z/0', 1],
    ])
    expect(await ledger.stragglers(before, '2026-01-01T01Z/1')).toEqual(all.slice(1))
    expect(await ledger.stragglers(before, '2026-01-01T03Z/0')).toEqual([])
  })

  test('[Z1] seals writers for good, and passes over one that a batch is under way for', async () => {
    await addWriters('2026-01-01T01Z/1', 3, null)
    await addWriters('2026-01-01T01Z/1', 1, 7)
    const [held, ...others] = await writersOf('2026-01-01T01Z/1')
    const client = await stand.pool.connect()
    try {
      await client.query('begin')
      await client.query('select from sumdial.ledger where writer = $1 for update', [held])
      expect(await ledger.sealAll([held ?? '', ...others])).toBe(2)
      await client.query('rollback')
    } finally {
      client.release()
    }
    const { rows } = await stand.pool.query(
      `select sealed, round(extract(epoch from now() - sealed_at) / 86400)::int as days from sumdial.ledger
       order by sealed, days`,
    )
    expect(rows).toEqual([
      { sealed: false, days: null },
      { sealed: true, days: 0 },
      { sealed: true, days: 0 },
      { sealed: true, days: 7 },
    ])
  })

  test('[C1] adds up the increments of all writers of a shard, and names those that are not sealed', async () => {
    await addWriters('2026-01-01T00Z/0', 2, 1)
    await addWriters('2026-01-01T00Z/1', 1, null)
    const sums = await ledger.ledgerOf(['2026-01-01T00Z/0', '2026-01-01T00Z/1', '2026-01-01T09Z/0'])
    const open = await writersOf('2026-01-01T00Z/1')
    expect(sums).toEqual(
      new Map([
        ['2026-01-01T00Z/0', { increments: 10, open: [] }],
        ['2026-01-01T00Z/1', { increments: 5, open }],
      ]),
    )
  })

  test('that cannot be asked says why, without parameters', async () => {
    await stand.pool.query('alter table sumdial.ledger rename to elsewhere')
    try {
      await expect(ledger.ledgerOf(['secret-shard'])).rejects.toThrow(/^SQLSTATE 42P01(?!.*secret)/)
    } finally {
      await stand.pool.query('alter table sumdial.elsewhere rename to ledger')
    }
  })
})
