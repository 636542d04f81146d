import { READ_MS_MAX } from '../limits.ts'
import type { Grant } from '../model/token.ts'
import { nextHourWaker } from './background/next-hour.ts'
import { refuseOutside, refuseUnlessWhole } from './http/access.ts'
import type { Asked } from './http/parameters.ts'
import type { Problem } from './http/problem.ts'
import { within } from './http/timeout.ts'
import type { Ingested } from './ingest/answer.ts'
import { type AskedIncrements, ingest } from './ingest/ingest.ts'
import { readStatus, type StatusAnswer } from './operate/status.ts'
import type { EdgeServices } from './ports.ts'
import type { CounterAnswer, SeriesAnswer } from './read/answers.ts'
import { readCounters } from './read/counters.ts'
import { type HourAnswer, readHour } from './read/hour.ts'
import { type ListAnswer, listAnswer } from './read/list.ts'
import { parseListQuery } from './read/list-query.ts'
import { parseCounterQuery } from './read/query.ts'
import { readSeriesAnswer } from './read/series.ts'

/** Who has not answered a fresh read in time. One statement that is late has named Postgres before. */
const SLOW = 'A shard or Postgres'

/** Who asks, when that arrived, and what keeps its work alive when whoever asked has gone. */
export type Caller = {
  readonly grant: Grant
  readonly nowMs: number
  readonly keepAlive: (turn: Promise<unknown>) => void
}

export type Operations = ReturnType<typeof operationsOf>

/**
 * What Sumdial can be asked, over HTTP and through a service binding. Whoever calls has checked the scope; the prefix
 * is held here. [S2] Each answers, or says why not; one rejects for a bug, and with Unavailable for nobody's fault.
 */
export function operationsOf(services: EdgeServices) {
  const { config } = services
  const wakeNextHour = nextHourWaker(config, services.wake)

  return {
    increment(asked: AskedIncrements, caller: Caller): Promise<Ingested | Problem> {
      wakeNextHour(caller.nowMs, caller.keepAlive)
      return ingest(asked, { config, coalescer: services.coalescer, ...caller })
    },

    /** @param keyInPath the key of `GET /counters/{key}`. */
    async read(
      asked: Asked,
      { grant, nowMs }: Caller,
      keyInPath: string | undefined = undefined,
    ): Promise<readonly CounterAnswer[] | Problem> {
      const query = parseCounterQuery(asked, keyInPath, nowMs)
      if ('kind' in query) return query
      const outside = refuseOutside(grant, query.keys)
      if (outside !== undefined) return outside
      const { readCommitted, askUnsettled } = services
      const reading = readCounters(query, { readCommitted, askUnsettled, shards: config.shards, nowMs })
      if (query.freshHours === null) return reading
      // All of its tries together: each statement has a bound of its own, but there are several.
      return within(services.clock, READ_MS_MAX, reading, SLOW)
    },

    async list(asked: Asked, { grant, nowMs }: Caller): Promise<ListAnswer | Problem> {
      const list = parseListQuery(asked, grant.prefix, nowMs)
      return 'kind' in list ? list : listAnswer(list, services.listCounters)
    },

    async series(asked: Asked, { grant, nowMs }: Caller): Promise<SeriesAnswer | Problem> {
      const { readSeries, askUnsettledUnder } = services
      const world = { readSeries, askUnsettledUnder, shards: config.shards, nowMs }
      return within(services.clock, READ_MS_MAX, readSeriesAnswer(asked, grant.prefix, world), SLOW)
    },

    async hour(asked: Asked, hour: unknown, { grant, nowMs }: Caller): Promise<HourAnswer | Problem> {
      const { shards, lateHours } = config
      const { askSettlement } = services
      return readHour(asked, hour, grant.prefix, { askSettlement, shards, lateHours, nowMs })
    },

    async status(asked: Asked, { grant, nowMs }: Caller): Promise<StatusAnswer | Problem> {
      const { askStatus, readLedger } = services
      return (
        refuseUnlessWhole(grant) ??
        (await readStatus(asked, { askStatus, readLedger, shards: config.shards, nowMs }))
      )
    },
  }
}
