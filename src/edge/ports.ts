import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { HitAdmission } from '../model/access/hit-keys.ts'
import type { DeleteBefore, Settlement, Straggler } from '../model/closing.ts'
import type { Notice, SchemaState } from '../model/deployed/notice.ts'
import type { Seen } from '../model/deployed/seen.ts'
import type { MergeAnswer } from '../model/flight.ts'
import type { Hour } from '../model/hour.ts'
import type {
  GroupSubjects,
  ListCounters,
  ListLabels,
  ReadCommitted,
  ReadFirstHour,
  ReadGroups,
  ReadSeries,
  Unsettled,
  UnsettledGroups,
} from '../model/read.ts'
import type { DaysStanding, WithRollups } from '../model/rollups/rollups.ts'
import type { SliceGrouping } from '../model/slices/grouping.ts'
import type { LedgerSum, ShardStatus } from '../model/status.ts'

/** Everything outside of the edge that it works with. index.ts makes the ports, once for each isolate. */
export type Ports = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly shards: Shards
  readonly database: Database
  /** Without it nothing is limited. */
  readonly rateLimit: RateLimit | undefined
  /** Of page views, by the address of whoever views. Without it they have the limit of everyone. */
  readonly hitLimit: RateLimit | undefined
  /** Without it nobody counts outcomes. */
  readonly countOutcome: CountOutcome | undefined
  readonly cache: Cache
  readonly dashboard: Dashboard
  /** When this version was uploaded, in epoch ms; undefined without the binding that tells. */
  readonly uploadedMs: number | undefined
}

/** The shards, each called by its name. Every call rejects when the shard does not answer. */
export type Shards = {
  /**
   * Takes an encoded flight.
   *
   * @param hasBacklog whether many requests share the flights to this shard, so that it should not make this one wait.
   */
  readonly merge: (shard: string, flight: string, hasBacklog: boolean) => Promise<MergeAnswer>
  /** Reads what Postgres may not have yet of each of these keys, in their order. */
  readonly unsettled: (shard: string, keys: readonly string[]) => Promise<readonly Unsettled[]>
  /** Adds up what Postgres may not have yet of all keys that begin with `prefix` and that `grant` covers. */
  readonly unsettledSum: (shard: string, prefix: string, grant: string | null) => Promise<Unsettled>
  /** Adds up what Postgres may not have yet by groups of slices. [L1] [S2] */
  readonly unsettledGroups: (
    shard: string,
    subjects: GroupSubjects,
    grouping: SliceGrouping,
  ) => Promise<UnsettledGroups>
  /** How much is not settled under a prefix in whole segments, null for all keys; and whether more may still come. */
  readonly settlement: (shard: string, prefix: string | null) => Promise<Settlement>
  readonly status: (shard: string) => Promise<ShardStatus>
  /** Whether a hit may count under a key of a prefix. */
  readonly admitHit: (shard: string, prefix: string, key: string) => Promise<HitAdmission>
  /** Retries or discards parked cells of these keys, or of all. @returns the increments in those cells. */
  readonly decideParked: (
    shard: string,
    action: ParkedAction,
    keys: readonly string[] | null,
  ) => Promise<number>
  /**
   * Arms a lost alarm again. Writes nothing where there is nothing.
   *
   * @returns the shard's writer; undefined from an older deployed version.
   */
  readonly wake: (shard: string) => Promise<{ readonly writer: string } | undefined>
  /** Leaves notices in a shard, in place of those that were there. Writes nothing where there are none and were none. */
  readonly notify: (shard: string, notices: readonly Notice[]) => Promise<void>
}

/** An administrator's decision on parked cells: to ask Postgres once more, or to give them up for good. */
export type ParkedAction = 'retry' | 'discard'

/** The user's Postgres, apart from what shards write to it. Every call rejects when it cannot be asked. */
export type Database = {
  readonly readCommitted: ReadCommitted
  readonly readSeries: ReadSeries
  readonly readGroups: ReadGroups
  readonly firstHour: ReadFirstHour
  readonly list: ListCounters
  readonly listLabels: ListLabels
  /** The ledger's sum of each of these shards, but of those that it does not know. */
  readonly ledgerOf: (shards: readonly string[]) => Promise<ReadonlyMap<string, LedgerSum>>
  /** Deletes the ledger's rows of writers that were sealed long ago. @returns how many. */
  readonly prune: () => Promise<number>
  /** See postgres/ledger.ts. */
  readonly stragglers: (before: Hour, after: string | null) => Promise<readonly Straggler[]>
  /** Seals these writers. @returns how many were not sealed before. */
  readonly sealAll: (writers: readonly string[]) => Promise<number>
  readonly withRollups: WithRollups
  readonly daysStanding: () => Promise<DaysStanding>
  readonly deleteBefore: DeleteBefore
  /** Migrates as far as a Worker may. The cron alone calls it, and a shard's alarm. Never rejects. */
  readonly bringUpSchema: () => Promise<SchemaState>
  /** The schedules that each hour began with; null before the first look. */
  readonly readSeen: () => Promise<Seen | null>
  readonly writeSeen: (seen: Seen) => Promise<void>
}

/** Counts a request under a key: `success` says whether that is still within the limit. Cloudflare's binding is one. */
export type RateLimit = {
  readonly limit: (request: { readonly key: string }) => Promise<{ readonly success: boolean }>
}

/**
 * Counts, as a metric, how increments in foreign formats ended. An outcome is one of a few words, and never has a key or a
 * token in it.
 */
export type CountOutcome = (format: string, outcome: string, increments: number) => void

/** Keeps answers for everyone, as long as their headers say. Cloudflare's `caches.default` is one. */
export type Cache = {
  readonly match: (request: Request) => Promise<Response | undefined>
  readonly put: (request: Request, answer: Response) => Promise<void>
}

/** The built dashboard: one page and its files. A file's name has a hash of its content, so it never changes. */
export type Dashboard = {
  readonly page: string
  readonly files: Readonly<Record<string, { readonly type: string; readonly body: string }>>
}
