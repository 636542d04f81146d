import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import pg from 'pg'
import { z } from 'zod'

/** Increments that wait at most; a request beyond that is refused. */
const QUEUE_MAX = 1_000_000
const BATCH_MAX = 10_000
const LINGER_MS = 100
const WRITERS = 4
const RETRIES = 2

const incrementSchema = z.strictObject({
  key: z.string().min(1).max(512),
  value: z.int().positive().default(1),
})

type Increment = z.infer<typeof incrementSchema>

const bodySchema = z.union([
  z.array(incrementSchema).max(10_000),
  incrementSchema.transform((item) => [item]),
])

/**
 * A queue in memory whose sums by key go to Postgres in parallel bulk upserts. It is fast, but loses everything that it
 * holds when it dies, and a batch that has failed three times.
 */
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: WRITERS })
pool.on('connect', (client) => client.on('error', console.error))
pool.on('error', console.error)
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

async function writer(): Promise<never> {
  for (;;) {
    if (queue.length < BATCH_MAX) await after(LINGER_MS)
    if (queue.length > 0) await write(queue.splice(0, BATCH_MAX))
  }
}

for (let i = 0; i < WRITERS; i++) void writer()

/** Undefined for a body that is refused. */
async function itemsOf(request: IncomingMessage): Promise<Increment[] | undefined> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  try {
    return bodySchema.parse(JSON.parse(Buffer.concat(chunks).toString()))
  } catch {
    return undefined
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const server = createServer(async (request, response) => {
  const items = await itemsOf(request)
  if (items === undefined) return answer(response, 422, { error: 'bad increments' })
  if (queue.length + items.length > QUEUE_MAX) return answer(response, 503, { error: 'full' })
  for (const item of items) queue.push(item)
  answer(response, 202, { accepted: items.length })
})
// It takes a free port, and prints it.
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
