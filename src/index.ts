import { waitUntil } from 'cloudflare:workers'
import { dashboard } from '../build/dashboard.js'
import { migrations } from '../build/migrations.js'
import type { DatabaseAddress } from './address.ts'
import { clock } from './clock.ts'
import type { Config } from './config.ts'
import { parseConfig } from './config.ts'
import { BindingEntrypoint } from './edge/binding/entrypoint.ts'
import { NO_DATABASE } from './edge/no-database.ts'
import type { CountOutcome, Database, Ports, Shards } from './edge/ports.ts'
import { createWorker } from './edge/worker.ts'
import { log } from './log.ts'
import type { Sink } from './model/flush/batch.ts'
import { ABSENT_SINK } from './postgres/absent-sink.ts'
import type { Postgres } from './postgres/driver/session.ts'
import { createFirstHourReader } from './postgres/first-hour.ts'
import { createGroupsReader } from './postgres/groups.ts'
import { createLabelLister } from './postgres/labels.ts'
import { createLedger } from './postgres/ledger.ts'
import { createLister } from './postgres/list.ts'
import { createSchemaKeeper } from './postgres/migrate/keeper.ts'
import { migratingSink } from './postgres/migrate/migrating-sink.ts'
import { createReader, createSeriesReader } from './postgres/reader.ts'
import { createRetention } from './postgres/retention.ts'
import { createRollups } from './postgres/rollups/rollups.ts'
import { createStandingReader } from './postgres/rollups/standing.ts'
import { createSeenRecord } from './postgres/seen.ts'
import { createSink } from './postgres/sink.ts'
import { IsolateLoad } from './shard/isolate-load.ts'
import type { ShardServices } from './shard/shard.ts'
import { ShardObject } from './shard/shard.ts'

/** The bindings of wrangler.toml. config.ts alone reads the variables and secrets. */
export type Env = {
  readonly SHARD: DurableObjectNamespace<Shard>
  /** Without it nothing is limited. */
  readonly RATE_LIMIT?: RateLimit
  /** Without it hits have the limit of everyone. */
  readonly HIT_LIMIT?: RateLimit
  /** Without it the outcomes of records are in the log alone. */
  readonly RECORDS?: AnalyticsEngineDataset
  /** With it Postgres is reached through Hyperdrive. */
  readonly HYPERDRIVE?: Hyperdrive
  /** Without it every hour until the cron's look counts as one that began before this version. */
  readonly VERSION?: WorkerVersionMetadata
}

const isolateLoad = new IsolateLoad()

/** The Durable Object class that wrangler.toml names. */
export class Shard extends ShardObject<Env> {
  protected override readonly clock = clock
  protected override readonly log = log

  protected override services(): ShardServices {
    const config = parseConfig(this.env)
    const { flushIntervalMs, lingerMs, lateHours } = config
    return { isolateLoad, sink: sinkOf(config), flushIntervalMs, lingerMs, lateHours }
  }
}

function sinkOf({ database }: Config): Sink {
  if (database === undefined) return ABSENT_SINK
  const postgres = postgresAt(database)
  return migratingSink(createSink(postgres), schemaKeeper(postgres))
}

function postgresAt(address: DatabaseAddress): Postgres {
  return { address, clock, background: waitUntil }
}

function schemaKeeper(postgres: Postgres) {
  return createSchemaKeeper({ postgres, migrations, log })
}

/** @throws ConfigError */
function portsOf(env: Env): Ports {
  const config = parseConfig(env)
  const { SHARD, RATE_LIMIT: rateLimit, HIT_LIMIT: hitLimit, RECORDS, VERSION } = env
  return {
    config,
    clock,
    log,
    shards: shardsOf(SHARD, config.location),
    database: config.database === undefined ? NO_DATABASE : databaseOf(postgresAt(config.database), SHARD),
    rateLimit,
    hitLimit,
    countOutcome: RECORDS && outcomeCounter(RECORDS),
    cache: caches.default,
    dashboard,
    uploadedMs: VERSION === undefined ? undefined : Date.parse(VERSION.timestamp),
  }
}

/** The index is what Cloudflare samples by when there are very many points: so that no format drowns another. */
function outcomeCounter(dataset: AnalyticsEngineDataset): CountOutcome {
  return (format, outcome, increments) =>
    dataset.writeDataPoint({ indexes: [format], blobs: [format, outcome], doubles: [increments] })
}

function databaseOf(postgres: Postgres, namespace: Env['SHARD']): Database {
  return {
    readCommitted: createReader(postgres),
    readSeries: createSeriesReader(postgres),
    readGroups: createGroupsReader(postgres),
    firstHour: createFirstHourReader(postgres),
    list: createLister(postgres),
    listLabels: createLabelLister(postgres),
    ...createLedger(postgres),
    withRollups: createRollups(postgres),
    daysStanding: createStandingReader(postgres),
    deleteBefore: createRetention(postgres),
    bringUpSchema: schemaKeeper(postgres).bringUp,
    ...createSeenRecord(postgres, () => namespaceId(namespace)),
  }
}

/** An id of the namespace of shards, and so of the Worker, whose name no Worker is told. */
function namespaceId(namespace: Env['SHARD']): string {
  return namespace.idFromName('').toString().slice(0, 16)
}

/**
 * A stub is made anew for each call, because an exception can leave one broken for good. Every call says where the shard should
 * live, because only the first use of its name decides, and any of them may be the first.
 */
function shardsOf(namespace: Env['SHARD'], locationHint: Config['location']): Shards {
  const shard = (name: string) =>
    namespace.getByName(name, locationHint === undefined ? undefined : { locationHint })
  return {
    merge: (name, flight, hasBacklog) => shard(name).merge(flight, hasBacklog),
    unsettled: (name, keys) => shard(name).unsettled(keys),
    unsettledSum: (name, prefix, grant) => shard(name).unsettledSum(prefix, grant),
    unsettledGroups: (name, subjects, grouping) => shard(name).unsettledGroups(subjects, grouping),
    settlement: (name, prefix) => shard(name).settlement(prefix),
    status: (name) => shard(name).status(),
    admitHit: (name, prefix, key) => shard(name).admitHit(prefix, key),
    decideParked: (name, action, keys) => shard(name).decideParked(action, keys),
    wake: (name) => shard(name).wake(),
    notify: (name, notices) => shard(name).notify(notices),
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
  queue: worker.queue,
  scheduled: worker.scheduled,
} satisfies ExportedHandler<Env>
