import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { AskSettlement } from '../model/closing.ts'
import type { Unsettled } from '../model/flight.ts'
import type { ListCounters, ReadCommitted, ReadSeries } from '../model/read.ts'
import type { ShardStatus } from '../model/status.ts'
import type { Coalescer } from './coalesce/coalescer.ts'

/** What the edge works with; `index.ts` makes it, once for each isolate. */
export type EdgeServices = {
  readonly config: Config
  readonly clock: Clock
  readonly coalescer: Coalescer
  readonly readCommitted: ReadCommitted
  readonly askUnsettled: AskUnsettled
  readonly readSeries: ReadSeries
  readonly askUnsettledUnder: AskUnsettledUnder
  readonly listCounters: ListCounters
  readonly askSettlement: AskSettlement
  readonly askStatus: (shard: string) => Promise<ShardStatus>
  readonly decideParked: DecideParked
  readonly readLedger: ReadLedger
  readonly wake: (shard: string) => Promise<void>
  readonly isWithinLimit: IsWithinLimit
  readonly dashboard: Dashboard
  readonly answers: Answers
}

/** Whether one more request under this key is within the rate limit. */
export type IsWithinLimit = (key: string) => Promise<boolean>

/** Asks a shard what Postgres may not have of each of these keys, in their order. */
export type AskUnsettled = (shard: string, keys: readonly string[]) => Promise<readonly Unsettled[]>

/** What a shard has not settled of all keys that begin with a text and that a grant covers, added up. */
export type AskUnsettledUnder = (shard: string, prefix: string, grant: string | null) => Promise<Unsettled>

/** Increments that the ledger has of each of these shards. */
export type ReadLedger = (shards: readonly string[]) => Promise<ReadonlyMap<string, number>>

/** What an administrator decides on parked cells: ask Postgres once more, or give them up for good. */
export type ParkedAction = 'retry' | 'discard'

/** @returns the increments in the cells that it was done to. Keys that are not parked are passed over. */
export type DecideParked = (
  shard: string,
  action: ParkedAction,
  keys: readonly string[] | null,
) => Promise<number>

/** The dashboard as it was built: one page, and what it loads by names that have a hash of their content in them. */
export type Dashboard = {
  readonly page: string
  readonly files: Readonly<Record<string, { readonly type: string; readonly body: string }>>
}

/** Keeps answers for everyone, as long as they say. */
export type Answers = {
  readonly match: (request: Request) => Promise<Response | undefined>
  readonly put: (request: Request, answer: Response) => Promise<void>
}
