import { expect, test } from 'vitest'
import type { Backend, Field } from '../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { addHours, hourOf } from '../../src/model/hour.ts'
import { createReader } from '../../src/postgres/reader.ts'
import { neonAt } from '../support/postgres-at.ts'

const JSON_OID = 114
const TEXT_OID = 25

const FROM = hourOf(Date.UTC(2026, 10, 21, 20))

/** The result of a reader of two hours from an answer. */
async function reading(counters: unknown) {
  const field = (name: string): Field => ({
    ...{ name, dataTypeID: JSON_OID, tableID: 0, columnID: 0 },
    ...{ dataTypeSize: -1, dataTypeModifier: -1, format: 'text' },
  })
  const backend: Backend = {
    query: async ({ params }) => ({
      fields: [{ ...field('request'), dataTypeID: TEXT_OID }, ...['counters', 'ledger', 'coarse'].map(field)],
      rows: [[params[0] ?? null, JSON.stringify(counters), '[]', '[]']],
      command: 'SELECT',
      rowCount: 1,
    }),
    batch: () => Promise.reject(new Error('a read is no batch')),
  }
  await using stack = new AsyncDisposableStack()
  const endpoint = await startNeonEndpoint({ backend })
  stack.defer(() => endpoint.close())
  const read = createReader(neonAt(endpoint.url))
  return await read({ keys: ['a'], buckets: [FROM, addHours(FROM, 1)], to: addHours(FROM, 2), writers: [] })
}

const GOOD = {
  ...{ key: 'a', buckets: [2], sums: ['9007199254740993'], counts: [3], mins: [-1], maxs: [5] },
  updated_ms: 7,
}

test('[A2] a read is of the hours that Postgres answers of, exact beyond 2^53', async () => {
  const { counters } = await reading([GOOD])
  const cell = { sum: 9_007_199_254_740_993n, count: 3, min: -1, max: 5 }
  expect(counters).toEqual(new Map([['a', { cells: new Map([[addHours(FROM, 1), cell]]), lastFlushMs: 7 }]]))
})

test.each([
  ['a sum that was rounded on its way', { sums: [9007199254740992] }],
  ['a count as text', { counts: ['3'] }],
  ['a column that is missing', { maxs: undefined }],
  ['a column that is too short', { mins: [] }],
  ['no such bucket', { buckets: [3] }],
  ['no key', { key: null }],
  ['no time', { updated_ms: null }],
])('an answer of another form is no read: %s', async (_, other) => {
  await expect(reading([{ ...GOOD, ...other }])).rejects.toThrow()
})
