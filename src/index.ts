import { dashboard } from '../build/dashboard.js'
import { clock } from './clock.ts'
import { parseConfig } from './config.ts'
import { BindingEntrypoint } from './edge/binding/entrypoint.ts'
import type { Database, Ports, Shards } from './edge/ports.ts'
import { createWorker } from './edge/worker.ts'
import { log } from './log.ts'
import { createLedger } from './postgres/ledger.ts'
import { createLister } from './postgres/list.ts'
import { createReader, createSeriesReader } from './postgres/reader.ts'
import { createRetention } from './postgres/retention.ts'
import { createSink } from './postgres/sink.ts'
import { IsolateLoad } from './shard/isolate-load.ts'
import type { ShardServices } from './shard/shard.ts'
import { ShardObject } from './shard/shard.ts'

/** The bindings of wrangler.toml. config.ts alone reads the variables and secrets. */
export type Env = {
  readonly SHARD: DurableObjectNamespace<Shard>
  /** Without it nothing is limited. */
  readonly RATE_LIMIT?: RateLimit
}

const isolateLoad = new IsolateLoad()

/** The Durable Object class that wrangler.toml names. */
export class Shard extends ShardObject<Env> {
  protected override readonly clock = clock
  protected override readonly log = log

  protected override services(): ShardServices {
    const config = parseConfig(this.env)
    const { flushIntervalMs, lingerMs, lateHours } = config
    return { isolateLoad, sink: createSink(config, clock), flushIntervalMs, lingerMs, lateHours }
  }
}

/** @throws ConfigError */
function portsOf(env: Env): Ports {
  const config = parseConfig(env)
  const database: Database = {
    readCommitted: createReader(config, clock),
    readSeries: createSeriesReader(config, clock),
    list: createLister(config, clock),
    ...createLedger(config, clock),
    deleteBefore: createRetention(config, clock),
  }
  const { SHARD, RATE_LIMIT: rateLimit } = env
  return {
    config,
    clock,
    log,
    shards: shardsOf(SHARD),
    database,
    rateLimit,
    cache: caches.default,
    dashboard,
  }
}

/** A stub is made anew for each call, because an exception can leave one broken for good. */
function shardsOf(namespace: Env['SHARD']): Shards {
  return {
    merge: (name, flight, hasBacklog) => namespace.getByName(name).merge(flight, hasBacklog),
    unsettled: (name, keys) => namespace.getByName(name).unsettled(keys),
    unsettledSum: (name, prefix, grant) => namespace.getByName(name).unsettledSum(prefix, grant),
    settlement: (name, prefix) => namespace.getByName(name).settlement(prefix),
    status: (name) => namespace.getByName(name).status(),
    decideParked: (name, action, keys) => namespace.getByName(name).decideParked(action, keys),
    wake: (name) => namespace.getByName(name).wake(),
  }
}

const worker = createWorker({ clock, log }, portsOf)

/** The entrypoint that a service binding of another Worker names. */
export class Sumdial extends BindingEntrypoint<Env> {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, env, worker.entrypoint(env))
  }
}

export default {
  fetch: worker.fetch,
  scheduled: worker.scheduled,
} satisfies ExportedHandler<Env>
