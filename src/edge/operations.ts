import { READ_MS_MAX } from '../limits.ts'
import type { Result } from '../model/result.ts'
import { fail, ok } from '../model/result.ts'
import type { Grant } from '../model/token.ts'
import { nextHourWaker } from './background/next-hour.ts'
import { refuseOutside, refuseUnlessWhole } from './http/access.ts'
import type { RawParameters } from './http/parameters.ts'
import type { Problem } from './http/problem.ts'
import { Timeout, Unavailable, within } from './http/timeout.ts'
import type { Ingested } from './ingest/answer.ts'
import { type AskedIncrements, ingest } from './ingest/ingest.ts'
import { readStatus, type StatusAnswer } from './operate/status.ts'
import type { EdgeServices } from './ports.ts'
import type { CounterAnswer, SeriesAnswer } from './read/answers.ts'
import { readCounters } from './read/counters.ts'
import { type HourAnswer, readHour } from './read/hour.ts'
import { type ListAnswer, listAnswer, parseListQuery } from './read/list.ts'
import { parseCounterQuery } from './read/query.ts'
import { readSeriesAnswer } from './read/series.ts'

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

  /** Bounds all tries of a read together: each call has a bound of its own, but there are several. */
  async function inTime<T>(reading: Promise<T>): Promise<T> {
    try {
      return await within(services.clock, READ_MS_MAX, reading)
    } catch (error) {
      throw error instanceof Timeout ? new Unavailable('shard_or_postgres', error) : error
    }
  }

  return {
    increment(asked: AskedIncrements, caller: Caller): Promise<Result<Ingested, Problem>> {
      wakeNextHour(caller.nowMs, caller.keepAlive)
      return ingest(asked, { config, coalescer: services.coalescer, ...caller })
    },

    /** @param keyInPath the key of `GET /counters/{key}`. */
    async read(
      raw: RawParameters,
      { grant, nowMs }: Caller,
      keyInPath: string | undefined = undefined,
    ): Promise<Result<readonly CounterAnswer[], Problem>> {
      const query = parseCounterQuery(raw, keyInPath, nowMs)
      if (!query.ok) return query
      const outside = refuseOutside(grant, query.value.keys)
      if (outside !== undefined) return fail(outside)
      const { readCommitted, askUnsettled } = services
      const reading = readCounters(query.value, { readCommitted, askUnsettled, shards: config.shards, nowMs })
      if (query.value.freshHours === null) return reading
      return inTime(reading)
    },

    async list(raw: RawParameters, { grant, nowMs }: Caller): Promise<Result<ListAnswer, Problem>> {
      const list = parseListQuery(raw, grant.prefix, nowMs)
      return list.ok ? ok(await listAnswer(list.value, services.listCounters)) : list
    },

    async series(raw: RawParameters, { grant, nowMs }: Caller): Promise<Result<SeriesAnswer, Problem>> {
      const { readSeries, askUnsettledUnder } = services
      const world = { readSeries, askUnsettledUnder, shards: config.shards, nowMs }
      return inTime(readSeriesAnswer(raw, grant.prefix, world))
    },

    async hour(
      raw: RawParameters,
      hour: unknown,
      { grant, nowMs }: Caller,
    ): Promise<Result<HourAnswer, Problem>> {
      const { shards, lateHours } = config
      const { askSettlement } = services
      return readHour(raw, hour, grant.prefix, { askSettlement, shards, lateHours, nowMs })
    },

    async status(raw: RawParameters, { grant, nowMs }: Caller): Promise<Result<StatusAnswer, Problem>> {
      const { askStatus, readLedger } = services
      const refused = refuseUnlessWhole(grant)
      if (refused !== undefined) return fail(refused)
      return readStatus(raw, { askStatus, readLedger, shards: config.shards, nowMs })
    },
  }
}
