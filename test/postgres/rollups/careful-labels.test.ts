import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Backend } from '../../../src/local/neon/backend.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { formatHourStart } from '../../../src/model/hour.ts'
import { keysFrom } from '../../../src/model/key.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import { createLabelLister } from '../../../src/postgres/labels.ts'
import { type Stand, startStand } from '../stand.ts'
import { hourIn } from './deeds.ts'
import { addedUp, dayOf, fill } from './tables.ts'

const BAD_HOUR = hourIn(1, 7)

let stand: Stand
let makeAgain: () => Promise<unknown>
beforeAll(async () => {
  const wrap = (backend: Backend): Backend => ({
    ...backend,
    async query(statement, gone) {
      if (/min\(to_char.* as name from/.test(statement.text)) await makeAgain()
      return await backend.query(statement, gone)
    },
  })
  stand = await startStand(4, wrap)
})
afterAll(() => stand?.stop())

test('[D1] rows that are left out of labels are named, also when all days change before they are looked for', async () => {
  const row = { key: `k${labelsText({ plan: 'pro' })}`, cell: cellOf(7), updatedMs: 0 }
  const made = { ...row, hour: hourIn(0) }
  await fill(
    { query: async (text, params) => (await stand.pool.query(text, params)).rows },
    {
      rows: [made, { ...row, hour: BAD_HOUR }],
      days: addedUp([made], 'day'),
      states: new Map([[dayOf(made.hour), 'good']]),
    },
  )
  await stand.pool.query('update sumdial.slices set sum = 1.5 where hour = $1', [formatHourStart(BAD_HOUR)])
  let times = 0
  makeAgain = async () => {
    times += 1
    await stand.pool.query("update sumdial.rollups set state = 'stale'")
  }
  const all = { ranges: [keysFrom('k')], from: hourIn(0), to: hourIn(2), names: 9, values: 9 }
  const { items, unreadable } = await createLabelLister(stand.postgres)(all)
  expect(items).toMatchObject([{ name: 'plan', largest: [{ value: 'pro', sum: 7n }] }])
  expect(unreadable).toEqual([{ key: 'k', hour: formatHourStart(BAD_HOUR) }])
  expect(times).toBe(2)
})
