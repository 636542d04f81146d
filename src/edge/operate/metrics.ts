import { z } from 'zod'
import { METRICS_HOURS_MAX, STATUS_SHARDS_MAX } from '../../limits.ts'
import { addHours, hourOf } from '../../model/hour.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { parseShardName, shardNamesOf } from '../../model/shard-name.ts'
import type { ShardStatus } from '../../model/status.ts'
import { refuseUnlessWhole } from '../http/access.ts'
import type { EdgeContext } from '../http/context.ts'
import { headersOf } from '../http/headers.ts'
import { invalid, parseParameters, wholeText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Answer } from '../http/router.ts'
import type { Ports } from '../ports.ts'
import { DISAGREEMENTS } from './audit.ts'
import { EXPOSITION_TYPE, expose } from './exposition.ts'
import type { Scrape, WholeHour } from './metric-families.ts'
import { metricFamilies } from './metric-families.ts'
import type { ShardReport, StatusServices } from './status.ts'
import { askOrSay, countDisagreeing, noticesOf, recentHours, withLedger } from './status.ts'

export const metricsParameters = z.strictObject({
  hours: wholeText(1, METRICS_HOURS_MAX).optional().meta({
    description:
      'How many hours before this one are asked, in place of the recent hours. The answer then has no counters.',
  }),
  ledger: z.string().optional().meta({
    description: "`1` adds whether Postgres's ledger agrees with the shards, which asks Postgres.",
    example: '1',
  }),
  days: z.string().optional().meta({
    description: '`1` adds how far days are made from hours, which asks Postgres.',
    example: '1',
  }),
})

const HEADERS = headersOf(EXPOSITION_TYPE)

/** `GET /metrics`: the figures of `/status` in Prometheus's text format. It queries Postgres only with `?ledger=1` or `?days=1`. */
export async function metrics(c: EdgeContext, ports: Ports): Promise<Answer> {
  const refused = refuseUnlessWhole(c.get('grant'))
  if (refused !== undefined) return fail(refused)
  const seen = await scrape(new URL(c.req.raw.url).search, { ...ports, nowMs: ports.clock.now() })
  return seen.ok ? new Response(expose(metricFamilies(seen.value)), { headers: HEADERS }) : seen
}

/** Asks the shards. One that does not answer is counted as unanswered, and does not hide the others. */
export async function scrape(rawSearch: string, services: StatusServices): Promise<Result<Scrape, Problem>> {
  const parsed = parseParameters(rawSearch, metricsParameters)
  if (!parsed.ok) return parsed
  const { hours, ledger, days } = parsed.value
  const names = hours === undefined ? recentShards(services) : shardsBack(hours, services)
  if (names.length > STATUS_SHARDS_MAX) {
    return invalid('hours', { asked: names.length, max: STATUS_SHARDS_MAX, unit: 'shards' })
  }
  const said = await Promise.all(names.map((name) => askOrSay(name, services)))
  const shards: readonly ShardReport[] = ledger === '1' ? await withLedger(said, services) : said
  const answered = answersOf(shards)
  return ok({
    asked: shards.length,
    answered,
    notices: noticesOf(answered, services.config),
    whole: hours === undefined ? wholeHours(shards) : [],
    disagreeing:
      ledger === '1'
        ? DISAGREEMENTS.map((reason) => ({ reason, shards: countDisagreeing(shards, reason) }))
        : null,
    days: days === '1' ? await services.database.daysStanding() : null,
  })
}

function recentShards(services: StatusServices): string[] {
  return recentHours(services).flatMap((hour) => shardNamesOf(hour, services.config.shards))
}

function shardsBack(hours: number, { nowMs, config }: StatusServices): string[] {
  const now = hourOf(nowMs)
  return Array.from({ length: hours + 1 }, (_, i) => addHours(now, i - hours)).flatMap((hour) =>
    shardNamesOf(hour, config.shards),
  )
}

function wholeHours(shards: readonly ShardReport[]): WholeHour[] {
  const byHour = Map.groupBy(shards, ({ shard }) => parseShardName(shard)?.hour)
  return Array.from(byHour, ([hour, all]) => {
    const answered = answersOf(all)
    return hour === undefined || answered.length < all.length ? [] : [{ hour, shards: answered }]
  }).flat()
}

function answersOf(shards: readonly ShardReport[]): ShardStatus[] {
  return shards.flatMap((shard) => ('error' in shard ? [] : [shard]))
}
