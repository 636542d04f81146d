import { afterEach, expect, test } from 'vitest'
import { call, count, faults, freshKey, ownShard, ring, rowOf } from './support.ts'

afterEach(() => faults.clear())

const MISSING = { kind: 'answer-sqlstate', code: '42P01' }

/** Whether a statement has asked Postgres what was migrated. */
const hasLooked = async () => JSON.stringify(await faults.statements()).includes('sumdial.migrations')

test('an alarm that finds a table missing sees to the schema, and its flush goes on at once', async () => {
  const [shard, key] = [ownShard(), freshKey()]
  await count({ key, at: shard.at })
  await faults.inject(MISSING)
  expect(await ring(shard)).toBe(true)
  expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
  expect(await hasLooked()).toBe(true)
  expect(await shard.stub.status()).toMatchObject({ settled: 1, fault: null })
})

test('a request that finds a table missing is answered 503, and never migrates', async () => {
  const key = freshKey()
  await faults.inject({ ...MISSING, match: 'sumdial.counters', times: null })
  for (const path of [`/counters/${key}`, `/keys?prefix=${key}`, `/counters?prefix=${key}&bucket=day`]) {
    expect((await call(path)).status).toBe(503)
  }
  expect(await hasLooked()).toBe(false)
})
