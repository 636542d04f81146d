import { dashboard } from '../build/dashboard.js'
import { clock } from './clock.ts'
import type { Config } from './config.ts'
import { parseConfig } from './config.ts'
import { createApp } from './edge/app.ts'
import { sweeper } from './edge/background/sweep.ts'
import { BindingEntrypoint } from './edge/binding/entrypoint.ts'
import { Coalescer } from './edge/coalesce/coalescer.ts'
import { problemOf } from './edge/http/on-error.ts'
import type { Source } from './edge/http/problem.ts'
import { problemResponse } from './edge/http/problem-response.ts'
import { Unavailable, within } from './edge/http/timeout.ts'
import { operationsOf } from './edge/operations.ts'
import type { EdgeServices, ParkedAction } from './edge/ports.ts'
import { DATABASE_SLEEPS_MS, READ_MS_MAX } from './limits.ts'
import { log } from './log.ts'
import { createLedger } from './postgres/ledger.ts'
import { createLister } from './postgres/list.ts'
import { createReader, createSeriesReader } from './postgres/reader.ts'
import { createRetention } from './postgres/retention.ts'
import { createSink } from './postgres/sink.ts'
import { Held } from './shard/isolate-load.ts'
import type { ShardServices } from './shard/shard.ts'
import { ShardObject } from './shard/shard.ts'

/** What wrangler.toml and the secrets bind. All that is text is read by config.ts alone. */
export type Env = {
  readonly SHARD: DurableObjectNamespace<Shard>
  /** Without it nothing is limited. */
  readonly RATE_LIMIT?: RateLimit
}

const held = new Held()

/** The Durable Object class that wrangler.toml names. */
export class Shard extends ShardObject<Env> {
  protected override readonly clock = clock
  protected override readonly log = log

  protected override services(): ShardServices {
    const config = parseConfig(this.env)
    const { flushIntervalMs, lingerMs, lateHours } = config
    return { held, sink: createSink(config, clock), flushIntervalMs, lingerMs, lateHours }
  }
}

function createWorker(env: Env, config: Config) {
  // A stub is made anew for each call: an exception can leave one broken for good.
  const shard = (name: string) => env.SHARD.getByName(name)
  const wake = (name: string) => shard(name).wake()
  const ledger = createLedger(config, clock)
  const services: EdgeServices = {
    config,
    clock,
    coalescer: new Coalescer({
      send: (name, flight, hasBacklog) => shard(name).merge(flight, hasBacklog),
      clock,
    }),
    readCommitted: orUnavailable('postgres', createReader(config, clock)),
    askUnsettled: orUnavailable('shard', (name: string, keys: readonly string[]) =>
      shard(name).unsettled(keys),
    ),
    readSeries: orUnavailable('postgres', createSeriesReader(config, clock)),
    askUnsettledUnder: orUnavailable('shard', (name: string, prefix: string, grant: string | null) =>
      shard(name).unsettledSum(prefix, grant),
    ),
    listCounters: orUnavailable('postgres', createLister(config, clock)),
    askSettlement: inTime('shard', (name: string, prefix: string | null) => shard(name).settlement(prefix)),
    askStatus: (name) => within(clock, READ_MS_MAX, shard(name).status()),
    decideParked: inTime('shard', (name: string, action: ParkedAction, keys: readonly string[] | null) =>
      shard(name).decideParked(action, keys),
    ),
    readLedger: inTime('postgres', ledger.increments),
    wake,
    isWithinLimit: limiter(env.RATE_LIMIT),
    dashboard,
    answers: {
      match: (request) => caches.default.match(request),
      put: (request, answer) => caches.default.put(request, answer),
    },
  }
  const operations = operationsOf(services)
  const app = createApp(services, operations)
  const { shards, lateHours, retentionDays, flushIntervalMs } = config
  const { prune, stragglers } = ledger
  const deleteBefore = createRetention(config, clock)
  const sweep = sweeper({
    shards,
    lateHours,
    wake,
    prune,
    stragglers,
    retentionDays,
    deleteBefore,
    isKeptAwake: flushIntervalMs < DATABASE_SLEEPS_MS,
  })
  return { app, operations, sweep }
}

/** The same; whatever goes wrong there is no fault of the request. */
function orUnavailable<Args extends unknown[], T>(source: Source, ask: (...args: Args) => Promise<T>) {
  return async (...args: Args): Promise<T> => {
    try {
      return await ask(...args)
    } catch (error) {
      throw new Unavailable(source, error)
    }
  }
}

/** The same within the time that a reader waits, for what nothing else bounds so closely. */
function inTime<Args extends unknown[], T>(source: Source, ask: (...args: Args) => Promise<T>) {
  return orUnavailable(source, (...args: Args) => within(clock, READ_MS_MAX, ask(...args)))
}

/** A limit that cannot be asked limits nobody: it is there to keep counting possible. */
function limiter(limit: RateLimit | undefined) {
  return async (key: string): Promise<boolean> => {
    try {
      return limit === undefined || (await limit.limit({ key })).success
    } catch (error) {
      log({ message: 'no rate limit', reason: error instanceof Error ? error.name : 'unknown' })
      return true
    }
  }
}

let made: { readonly env: Env; readonly worker: ReturnType<typeof createWorker> } | undefined

/** One for each isolate: its requests gather in one coalescer. @throws ConfigError */
function workerOf(env: Env) {
  if (made?.env !== env) made = { env, worker: createWorker(env, parseConfig(env)) }
  return made.worker
}

/** What a service binding of another Worker names as its entrypoint. */
export class Sumdial extends BindingEntrypoint<Env> {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, env, { clock, operations: () => workerOf(env).operations })
  }
}

export default {
  fetch(request, env, ctx) {
    try {
      return workerOf(env).app.fetch(request, env, ctx)
    } catch (error) {
      return problemResponse(problemOf(error))
    }
  },

  async scheduled(controller, env) {
    const swept = await workerOf(env).sweep(controller.scheduledTime)
    log({ message: 'swept', ...swept })
  },
} satisfies ExportedHandler<Env>
