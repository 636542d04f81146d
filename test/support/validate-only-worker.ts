import { DurableObject } from 'cloudflare:workers'
import { Hono } from 'hono'
import type { Config } from '../../src/config.ts'
import { parseConfig } from '../../src/config.ts'
import { readItems } from '../../src/edge/body.ts'
import { jsonResponse } from '../../src/edge/json.ts'
import { problemResponse } from '../../src/edge/problem-response.ts'
import { parseIncrements } from '../../src/model/increment.ts'
import type { Problem } from '../../src/model/problem.ts'

/** wrangler.toml names the class; nothing here calls it. */
export class Shard extends DurableObject {}

/** What `POST /increment` costs before anything is kept: the production code's own reading and checking. */
async function validate(request: Request, lateHours: Config['lateHours']): Promise<number | Problem> {
  const items = await readItems(request)
  if ('kind' in items) return items
  const increments = parseIncrements(items, { nowMs: Date.now(), lateHours })
  return 'errors' in increments
    ? { kind: 'invalid_increments', errors: increments.errors }
    : increments.length
}

function createApp(config: Config) {
  const app = new Hono()
  app.use(async (_, next) => {
    return config.isOpen ? next() : problemResponse({ kind: 'closed_to_all', detail: 'closed' })
  })
  app.post('/increment', async (c) => {
    const accepted = await validate(c.req.raw, config.lateHours)
    if (typeof accepted !== 'number') return problemResponse(accepted)
    return jsonResponse({ accepted, duplicates: 0, conflicts: [] }, 202)
  })
  return app
}

let app: ReturnType<typeof createApp> | undefined

export default {
  fetch(request, env, ctx) {
    app ??= createApp(parseConfig(env))
    return app.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<object>
