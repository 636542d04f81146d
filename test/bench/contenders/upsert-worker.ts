import { DurableObject } from 'cloudflare:workers'
import { neon, neonConfig } from '@neondatabase/serverless'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/neon-http'
import { Hono } from 'hono'
import { z } from 'zod'

/** wrangler.toml names the class; nothing here calls it. */
export class Shard extends DurableObject<object> {}

type Env = { readonly DATABASE_URL: string; readonly NEON_FETCH_ENDPOINT: string }

const incrementSchema = z.strictObject({
  key: z.string().min(1).max(512),
  value: z.int().positive().default(1),
})

const bodySchema = z.union([
  z.array(incrementSchema).max(10_000),
  incrementSchema.transform((item) => [item]),
])

/** An upsert by the hour for each request, which is what most people write first. */
const app = new Hono<{ Bindings: Env }>()

app.post('/increment', async (c) => {
  const parsed = bodySchema.safeParse(await c.req.json())
  if (!parsed.success) return c.json(parsed.error.issues, 422)
  const sums = new Map<string, { sum: number; count: number }>()
  for (const { key, value } of parsed.data) {
    const { sum, count } = sums.get(key) ?? { sum: 0, count: 0 }
    sums.set(key, { sum: sum + value, count: count + 1 })
  }
  neonConfig.fetchEndpoint = c.env.NEON_FETCH_ENDPOINT
  await drizzle(neon(c.env.DATABASE_URL)).execute(upsert([...sums]))
  return c.json({ accepted: parsed.data.length }, 202)
})

function upsert(sums: readonly (readonly [string, { readonly sum: number; readonly count: number }])[]) {
  return sql`
insert into sumdial.counters as c (key, hour, sum, count, min, max)
select key, date_trunc('hour', now()), sum, count, sum, sum
from unnest(${sql.param(sums.map(([key]) => key))}::text[], ${sql.param(sums.map(([, { sum }]) => sum))}::bigint[],
  ${sql.param(sums.map(([, { count }]) => count))}::bigint[]) as t (key, sum, count) order by key
on conflict (key, hour) do update set sum = c.sum + excluded.sum, count = c.count + excluded.count, updated_at = now()`
}

export default app
