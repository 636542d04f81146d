import type { Grant } from '../model/access/grant.ts'
import { hourOf } from '../model/hour.ts'
import type { Result } from '../model/result.ts'
import { fail } from '../model/result.ts'
import { nextHourWaker } from './background/next-hour.ts'
import { Coalescer } from './coalesce/coalescer.ts'
import { withinRead } from './deadlines.ts'
import { refuseOutside, refuseUnlessWhole } from './http/access.ts'
import type { RawParameters } from './http/parameters.ts'
import type { Problem } from './http/problem.ts'
import { refuseBeyond } from './ingest/allowance.ts'
import type { Ingested } from './ingest/answer.ts'
import type { Terms } from './ingest/check.ts'
import type { CheckedIncrements } from './ingest/checked-increments.ts'
import type { ContentName } from './ingest/delivery/content-name.ts'
import type { Delivered } from './ingest/delivery/delivery.ts'
import { deliver } from './ingest/delivery/delivery.ts'
import { Gathering } from './ingest/delivery/gathering.ts'
import { AdmittedKeys } from './ingest/hits/admitted-keys.ts'
import { ingest } from './ingest/ingest.ts'
import { readStatus, type StatusAnswer } from './operate/status.ts'
import type { Ports } from './ports.ts'
import type { CounterAnswer, SeriesAnswer } from './read/answers.ts'
import { readKeys } from './read/counters.ts'
import { type HourAnswer, readHour } from './read/hour.ts'
import { KnownWriters } from './read/known-writers.ts'
import { type LabelsAnswer, readLabels } from './read/labels.ts'
import { type ListAnswer, readList } from './read/list.ts'
import { parseCounterParameters } from './read/query.ts'
import { readSeriesAnswer } from './read/series.ts'
import { SharedCalls } from './read/shared-calls.ts'

/** Who asks, when the request arrived in epoch ms, and what keeps its work alive when the client has gone. */
export type Caller = {
  readonly grant: Grant
  readonly nowMs: number
  readonly keepAlive: (turn: Promise<unknown>) => void
}

export type Api = ReturnType<typeof apiOf>

/**
 * Everything that Sumdial can be asked, over HTTP and through a service binding. Callers have checked the scope; the
 * operations check the prefix. [S2] Each answers or says why not. One rejects with Unavailable when a shard or Postgres
 * cannot be asked, and with anything else for a bug.
 */
export function apiOf(ports: Ports) {
  const { config, clock, log, shards, database, countOutcome } = ports
  const coalescer = new Coalescer({ send: shards.merge, clock })
  const wakeNextHour = nextHourWaker(config, shards)
  const hitKeys = new AdmittedKeys(shards, config.shards)
  const sharedCalls = new SharedCalls(shards.unsettled, clock)
  const known = new KnownWriters(clock)

  return {
    /** @param read reads and checks what is asked to be counted. */
    async increment(
      read: (terms: Terms) => Promise<Result<CheckedIncrements, Problem>>,
      { grant, nowMs, keepAlive }: Caller,
    ): Promise<Result<Ingested, Problem>> {
      const { lateHours } = config
      const increments = await read({ nowMs, lateHours, mayAdjust: grant.scopes.includes('adjust') })
      if (!increments.ok) return increments
      wakeNextHour(nowMs, keepAlive)
      return ingest(increments.value, { config, coalescer, clock, log, grant, keepAlive })
    },

    /** Counts a page view at its arrival. [S3] */
    async hit(key: string, { grant, nowMs, keepAlive }: Caller): Promise<Result<Ingested, Problem>> {
      // Before a shard is asked to remember the key.
      const beyond = refuseBeyond(grant, { keys: [key], values: [1] })
      if (beyond !== undefined) return fail(beyond)
      // A list of keys is bounded by itself, and where dev opens the Worker there is no prefix.
      const isBounded = grant.prefix === null || grant.limits?.keys !== undefined
      const counted = isBounded ? key : await hitKeys.keyOf(grant.prefix, key, nowMs)
      wakeNextHour(nowMs, keepAlive)
      const increments = { keys: [counted], values: [1], isPlain: false, hours: hourOf(nowMs) }
      return ingest(increments, { config, coalescer, clock, log, grant, keepAlive })
    },

    /**
     * Counts a delivery in a foreign format. See src/edge/ingest/formats/format.ts.
     *
     * @param format the name that the log tells.
     * @param read decodes the body and has its records counted by the gathering; answers with the delivery's name.
     */
    async deliver(
      format: string,
      read: (gathering: Gathering) => Promise<Result<ContentName | null, Problem>>,
      { grant, nowMs, keepAlive }: Caller,
    ): Promise<Result<Delivered, Problem>> {
      const { lateHours } = config
      const terms = { nowMs, lateHours, mayAdjust: grant.scopes.includes('adjust') }
      const gathering = new Gathering(terms, grant)
      const content = await read(gathering)
      if (!content.ok) return content
      wakeNextHour(nowMs, keepAlive)
      const services = { config, coalescer, clock, log, countOutcome, keepAlive }
      return deliver(format, gathering, content.value, services)
    },

    /** @param keyInPath the key of `GET /counters/{key}`. */
    async read(
      raw: RawParameters,
      { grant, nowMs, keepAlive }: Caller,
      keyInPath: string | undefined = undefined,
    ): Promise<Result<readonly CounterAnswer[], Problem>> {
      const parsed = parseCounterParameters(raw, keyInPath)
      if (!parsed.ok) return parsed
      const outside = refuseOutside(grant, parsed.value.key)
      if (outside !== undefined) return fail(outside)
      const unsettled: Ports['shards']['unsettled'] = (...asked) => sharedCalls.ask(...asked, keepAlive)
      const ports = { clock, keepAlive, shards: { ...shards, unsettled }, database }
      return withinRead(ports, (asked) => readKeys(parsed.value, { config, known, nowMs, ...asked }))
    },

    async list(raw: RawParameters, { grant, nowMs }: Caller): Promise<Result<ListAnswer, Problem>> {
      return readList(raw, grant.prefix, nowMs, database)
    },

    async labels(raw: RawParameters, { grant, nowMs }: Caller): Promise<Result<LabelsAnswer, Problem>> {
      return readLabels(raw, grant, nowMs, database)
    },

    async series(
      raw: RawParameters,
      { grant, nowMs, keepAlive }: Caller,
    ): Promise<Result<SeriesAnswer, Problem>> {
      const ports = { clock, keepAlive, shards, database }
      const services = { config, known, nowMs }
      return withinRead(ports, (asked) => readSeriesAnswer(raw, grant.prefix, { ...services, ...asked }))
    },

    async hour(
      raw: RawParameters,
      hour: unknown,
      { grant, nowMs }: Caller,
    ): Promise<Result<HourAnswer, Problem>> {
      return readHour(raw, hour, grant.prefix, { config, shards, nowMs })
    },

    async status(raw: RawParameters, { grant, nowMs }: Caller): Promise<Result<StatusAnswer, Problem>> {
      const refused = refuseUnlessWhole(grant)
      if (refused !== undefined) return fail(refused)
      return readStatus(raw, { config, shards, database, log, nowMs })
    },
  }
}
