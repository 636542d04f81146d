import { evictDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { beginAnew, count, freshKey, HOUR, ownShard, query, ring, rowOf, shardOf } from './support.ts'

test('a file finds nothing of the file before: no row, no setting, and no shard, even an evicted one', async () => {
  const [key, shards] = [freshKey(), [ownShard(), ownShard(), shardOf(HOUR)]]
  for (const shard of shards) await count({ key, at: shard.at })
  for (const shard of shards) await ring(shard)
  await evictDurableObject(shardOf(HOUR).stub)
  await query(`insert into sumdial.settings (name, value) values ('left', '{}')`, [])
  await beginAnew()
  // The stubs of before are broken.
  const anew = [ownShard(), ownShard(), shardOf(HOUR)]
  expect(anew.map(({ name }) => name)).toEqual(shards.map(({ name }) => name))
  for (const { stub } of anew) expect((await stub.status()).accepted).toBe(0)
  expect(await rowOf(key)).toBeUndefined()
  expect(await query('select name from sumdial.settings', [])).toEqual([{ name: 'rollups' }])
})
