import { DurableObject } from 'cloudflare:workers'
import { Hono } from 'hono'
import { z } from 'zod'

/** wrangler.toml names the class; nothing here calls it. */
export class Shard extends DurableObject<object> {}

const incrementSchema = z.strictObject({
  key: z.string().min(1).max(512),
  value: z.int().positive().default(1),
  at: z.iso.datetime().optional(),
  id: z.string().max(64).optional(),
})

const bodySchema = z.union([
  z.array(incrementSchema).max(10_000),
  incrementSchema.transform((item) => [item]),
])

/** Parses and validates a body with zod, as a Worker usually does, and keeps nothing. */
const app = new Hono()

app.post('/increment', async (c) => {
  const parsed = bodySchema.safeParse(await c.req.json())
  return parsed.success ? c.json({ accepted: parsed.data.length }, 202) : c.json(parsed.error.issues, 422)
})

export default app
