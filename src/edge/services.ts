import type { Context } from 'hono'
import type { Config } from '../config.ts'
import type { Clock } from '../model/clock.ts'
import type { ListCounters } from '../model/list.ts'
import type { ReadCommitted, ReadSeries } from '../model/read.ts'
import type { AskSettlement } from '../model/settlement.ts'
import type { ShardStatus } from '../model/status.ts'
import type { Grant } from '../model/token.ts'
import type { IsWithinLimit } from './access.ts'
import type { Answers } from './badge.ts'
import type { Coalescer } from './coalescer.ts'
import type { Dashboard } from './dashboard.ts'
import type { AskUnsettled } from './fresh.ts'
import type { DecideParked } from './parked.ts'
import type { AskUnsettledUnder } from './series.ts'
import type { ReadLedger } from './status.ts'

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

/** What a request has beside itself: what it may do. */
export type EdgeEnv = { readonly Variables: { grant: Grant } }

export type EdgeContext = Context<EdgeEnv>
