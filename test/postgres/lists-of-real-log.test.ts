import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listAnswer, parseListQuery } from '../../src/edge/read/list.ts'
import { Accumulator } from '../../src/model/accumulator.ts'
import { type Hour, hourOf } from '../../src/model/hour.ts'
import { createLister } from '../../src/postgres/list.ts'
import { noFirstHour } from '../support/queries.ts'
import { hasRealLog, realLogRequests } from '../support/real-log.ts'
import { goodOf } from '../support/result.ts'
import { type Stand, startStand } from './stand.ts'

/** The log's requests by hour and path. */
function countLog(): Map<Hour, Accumulator> {
  const hours = new Map<Hour, Accumulator>()
  for (const { key, atMs } of realLogRequests()) {
    const hour = hourOf(atMs)
    const cells = hours.get(hour) ?? new Accumulator()
    hours.set(hour, cells)
    cells.addIncrements({ keys: [key], values: [1], isPlain: false, bytes: 0 })
  }
  return hours
}

describe.skipIf(!hasRealLog)('the real log', () => {
  let stand: Stand

  beforeAll(async () => {
    stand = await startStand(4)
    const writer = crypto.randomUUID()
    let seq = 0
    for (const [hour, { cells, increments }] of countLog()) {
      const batch = { writer, seq: ++seq, id: crypto.randomUUID(), shard: 'log', hour, cells, increments }
      expect(await stand.sink.apply(batch)).toEqual({ kind: 'applied' })
    }
  })

  afterAll(() => stand?.stop())

  async function list(parameters: Record<string, string>) {
    const range = { from: '2015-05-17T00:00:00Z', to: '2015-05-21T00:00:00Z' }
    const search = `?${new URLSearchParams({ ...range, ...parameters })}`
    const asked = await parseListQuery(search, null, Date.now(), noFirstHour)
    return (await listAnswer(goodOf(asked), createLister(stand.postgres))).items
  }

  async function ask(sql: string): Promise<unknown[]> {
    return (await stand.pool.query(sql)).rows
  }

  test('the ten paths asked for most are those of SQL written by hand', async () => {
    const items = await list({ prefix: 'requests/', sort: '-sum', limit: '10' })
    const shown = items.map(({ key, sum }) => ({ key, sum: String(sum) }))
    expect(shown).toHaveLength(10)
    expect(shown).toEqual(
      await ask(`select key, sum(sum)::text as sum from sumdial.counters
group by key order by sum(sum) desc, key limit 10`),
    )
    expect(shown[0]).toEqual({ key: 'requests/favicon.ico', sum: '807' })
  })

  test.each(['key', '-sum'])(
    'the groups by first segment are those of SQL written by hand, sorted by %s',
    async (sort) => {
      const items = await list({ prefix: 'requests/', depth: '1', sort, limit: '1000' })
      const shown = items.map(({ key, sum, keys }) => ({ key, sum: String(sum), keys: String(keys) }))
      const order = sort === 'key' ? '1' : 'sum(sum) desc, 1'
      expect(shown).toHaveLength(41)
      expect(shown).toEqual(
        await ask(`select 'requests/' || split_part(key, '/', 2) collate "C" as key, sum(sum)::text as sum,
count(distinct key)::text as keys from sumdial.counters group by 1 order by ${order}`),
      )
      expect(items.reduce((sum, item) => sum + item.count, 0)).toBe(10_000)
    },
  )

  test('a single group holds all of it', async () => {
    expect(await list({ prefix: '', depth: '1' })).toMatchObject([
      { key: 'requests', sum: 10_000n, isKey: false },
    ])
  })
})
