import { afterAll, beforeAll, expect, test } from 'vitest'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { hourOf } from '../../src/model/hour.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import { type Stand, startStand } from './stand.ts'

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})

afterAll(() => stand?.stop())

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))

test.each(['counters', 'slices'])(
  'the indexes of %s leave repeated upserts of an hour heap-only',
  async (table) => {
    await stand.reset()
    const labels = labelsText(table === 'slices' ? { plan: 'pro', country: 'de' } : undefined)
    const keys = Array.from({ length: 1_000 }, (_, i) => `site/example.com/page-${i}${labels}`)
    const cells = Cells.of(keys.map((key) => [key, cellOf(1)]))
    const writer = crypto.randomUUID()
    const rounds = 40
    for (let seq = 1; seq <= rounds; seq++) {
      const batch = { writer, seq, id: crypto.randomUUID(), shard: '2026-11-21T20Z/0', hour: HOUR, cells }
      expect(await stand.sink.apply({ ...batch, increments: cells.length })).toEqual({ kind: 'applied' })
    }
    const read = async () => {
      const { rows } = await stand.pool.query(
        `select n_tup_upd::int as updated, n_tup_hot_upd::int as hot from pg_stat_all_tables
where schemaname = 'sumdial' and relname = $1`,
        [table],
      )
      return rows[0] as { updated: number; hot: number }
    }
    // Statistics arrive when a connection has been idle for a while.
    await expect.poll(async () => (await read()).updated, { timeout: 30_000 }).toBe(1_000 * (rounds - 1))
    const { updated, hot } = await read()
    expect(hot / updated).toBeGreaterThan(0.95)
  },
)
