import { DurableObject } from 'cloudflare:workers'
import { neon, neonConfig } from '@neondatabase/serverless'
import { Hono } from 'hono'

/** wrangler.toml names the class; nothing here calls it. */
export class Shard extends DurableObject<object> {}

type Env = {
  readonly DATABASE_URL: string
  readonly NEON_FETCH_ENDPOINT: string
  /** JSON of the statement `{ text, params }` that Sumdial sent for the key KEY. */
  readonly STATEMENT: string
  readonly KEY: string
}

/** Sends the SQL of Sumdial's committed read through the same driver: the least that such a read costs. */
const app = new Hono<{ Bindings: Env }>()

app.get('/counters', async (c) => {
  const { text, params }: { text: string; params: (string | null)[] } = JSON.parse(c.env.STATEMENT)
  const key = c.req.query('key') ?? ''
  neonConfig.fetchEndpoint = c.env.NEON_FETCH_ENDPOINT
  const asked = params.map((param) => param?.replaceAll(c.env.KEY, key) ?? null)
  return c.json(await neon(c.env.DATABASE_URL).query(text, asked))
})

export default app
