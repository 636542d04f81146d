import { createServer } from 'node:http'
import { setTimeout as after } from 'node:timers/promises'
import pg from 'pg'
import { answer, type Increment, itemsOf, keyRead, say } from './service.ts'

/** Increments that wait at most; a request beyond is refused. */
const QUEUE_MAX = 1_000_000
const BATCH_MAX = 10_000
const LINGER_MS = 100
const WRITERS = 4
const RETRIES = 2
const READERS = 20

/**
 * A queue in memory with batched upserts: sums grouped by key, in parallel bulk upserts. Fast, and what it holds when it
 * dies is lost, as is a batch that has failed three times.
 */
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: WRITERS })
const readers = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: READERS })
const queue: Increment[] = []

const UPSERT = `
insert into sumdial.counters as c (key, hour, sum, count, min, max)
select key, date_trunc('hour', now()), sum, count, sum, sum
from unnest($1::text[], $2::bigint[], $3::bigint[]) as t (key, sum, count) order by key
on conflict (key, hour) do update set sum = c.sum + excluded.sum, count = c.count + excluded.count, updated_at = now()`

async function write(batch: readonly Increment[]): Promise<void> {
  const sums = new Map<string, [sum: number, count: number]>()
  for (const { key, value } of batch) {
    const held = sums.get(key)
    if (held === undefined) sums.set(key, [value, 1])
    else {
      held[0] += value
      held[1] += 1
    }
  }
  const columns = [
    [...sums.keys()],
    Array.from(sums.values(), ([s]) => s),
    Array.from(sums.values(), ([, c]) => c),
  ]
  for (let attempt = 0; attempt <= RETRIES; attempt++) {
    try {
      await pool.query(UPSERT, columns)
      return
    } catch (error) {
      console.error(error)
    }
  }
}

const READ = 'select sum(sum)::text as sum, sum(count)::text as count from sumdial.counters where key = $1'

/** What is in Postgres, without what waits. */
async function read(key: string): Promise<object> {
  const { rows } = await readers.query(READ, [key])
  return rows[0]
}

async function writer(): Promise<never> {
  for (;;) {
    if (queue.length < BATCH_MAX) await after(LINGER_MS)
    if (queue.length > 0) await write(queue.splice(0, BATCH_MAX))
  }
}

for (let i = 0; i < WRITERS; i++) void writer()

const server = createServer(async (request, response) => {
  const key = keyRead(request)
  if (key !== undefined) return answer(response, 200, await read(key))
  const items = await itemsOf(request)
  if (items === undefined) return answer(response, 422, { error: 'bad increments' })
  if (queue.length + items.length > QUEUE_MAX) return answer(response, 503, { error: 'full' })
  for (const item of items) queue.push(item)
  answer(response, 202, { accepted: items.length })
})
say(server)
