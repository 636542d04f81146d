import { runInDurableObject } from 'cloudflare:test'
import { durableObjectSql } from '../../src/shard/sql.ts'
import { describeStore } from '../shard/store-contract.ts'
import { env } from './support.ts'

let made = 0

describeStore("the Durable Object's SQLite", async (body) => {
  // An object that no test calls: the store under test is the only one on its storage.
  const shard = env.SHARD.getByName(`2001-01-01T00Z/${++made}`)
  await runInDurableObject(shard, (_, ctx) => body(durableObjectSql(ctx.storage)))
})
