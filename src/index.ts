import { clock } from './clock.ts'
import type { Config } from './config.ts'
import { parseConfig } from './config.ts'
import { createApp } from './edge/app.ts'
import { Coalescer } from './edge/coalescer.ts'
import { problemResponse } from './edge/problem-response.ts'
import { createReader } from './postgres/reader.ts'
import { createSink } from './postgres/sink.ts'
import { Held } from './shard/held.ts'
import type { ShardServices } from './shard/shard.ts'
import { ShardObject } from './shard/shard.ts'

/** What wrangler.toml and the secrets bind. Everything but SHARD is read by config.ts alone. */
export type Env = { readonly SHARD: DurableObjectNamespace<Shard> }

const held = new Held()

/** The Durable Object class that wrangler.toml names. */
export class Shard extends ShardObject<Env> {
  protected override services(): ShardServices {
    const config = parseConfig(this.env)
    const { flushIntervalMs, lateHours } = config
    return { clock, held, sink: createSink(config, clock), flushIntervalMs, lateHours }
  }
}

function createWorker(env: Env, config: Config) {
  // A stub is made anew for each call: an exception can leave one broken for good.
  const shard = (name: string) => env.SHARD.getByName(name)
  return createApp({
    config,
    clock,
    coalescer: new Coalescer({
      send: (name, flight) => shard(name).merge(flight),
      clock,
      lingerMs: config.lingerMs,
    }),
    readCommitted: createReader(config, clock),
    askUnsettled: async (name, key) => {
      const [unsettled] = await shard(name).unsettled([key])
      if (unsettled === undefined) throw new Error('a shard answers for each key')
      return unsettled
    },
    askStatus: (name) => shard(name).status(),
    wake: (name) => shard(name).wake(),
  })
}

let worker: { readonly env: Env; readonly app: ReturnType<typeof createWorker> } | undefined

export default {
  fetch(request, env, ctx) {
    try {
      // One for each isolate: its requests gather in one coalescer.
      if (worker?.env !== env) worker = { env, app: createWorker(env, parseConfig(env)) }
      return worker.app.fetch(request, env, ctx)
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'The Worker could not start.'
      return problemResponse({ kind: 'not_configured', detail })
    }
  },
} satisfies ExportedHandler<Env>
