import { AHEAD_MS_MAX, STATUS_HOURS_MAX, STATUS_SHARDS_MAX } from '../limits.ts'
import type { Hour } from '../model/hour.ts'
import { addHours, formatHour, hourOf, parseHour } from '../model/hour.ts'
import type { Problem } from '../model/problem.ts'
import type { Schedule } from '../model/schedule.ts'
import { shardsOf } from '../model/shard-name.ts'
import type { ShardStatus } from '../model/status.ts'

export type StatusServices = {
  readonly askStatus: (shard: string) => Promise<ShardStatus>
  readonly shards: Schedule
  readonly nowMs: number
}

export type StatusAnswer = {
  readonly now: string
  readonly hours: readonly string[]
  readonly shards: readonly (ShardStatus | { readonly shard: string; readonly error: string })[]
  /** Increments that Postgres may not have yet, over these shards. */
  readonly pending: number
  readonly lagMs: number
  readonly isConserved: boolean
}

/** `GET /status`: what the shards of recent hours hold, or those of each `?hour=2026-11-21T20Z`. Asks no SQL. */
export async function readStatus(
  search: URLSearchParams,
  services: StatusServices,
): Promise<StatusAnswer | Problem> {
  const hours = parseHours(search, services.nowMs)
  if ('kind' in hours) return hours
  const names = hours.flatMap((hour) => shardsOf(hour, services.shards))
  if (names.length > STATUS_SHARDS_MAX) {
    const detail = `These hours have ${names.length} shards, and one answer has at most ${STATUS_SHARDS_MAX}: ask with ?hour=.`
    return { kind: 'invalid_parameter', parameter: 'hour', detail }
  }
  const shards = await Promise.all(names.map((name) => askOrSay(name, services)))
  const known = shards.flatMap((shard) => ('error' in shard ? [] : [shard]))
  return {
    now: new Date(services.nowMs).toISOString(),
    hours: hours.map(formatHour),
    shards,
    pending: known.reduce((sum, shard) => sum + shard.open.increments + shard.frozen.increments, 0),
    lagMs: Math.max(0, ...known.map((shard) => shard.lagMs)),
    isConserved: known.every((shard) => shard.isConserved),
  }
}

/** One shard that does not answer must not hide the others. */
async function askOrSay(
  shard: string,
  services: StatusServices,
): Promise<ShardStatus | { shard: string; error: string }> {
  try {
    return await services.askStatus(shard)
  } catch (error) {
    return { shard, error: error instanceof Error ? error.message.slice(0, 200) : 'no answer' }
  }
}

/** The hours asked for; by default this one and the one before, and close to the turn the next. */
function parseHours(search: URLSearchParams, nowMs: number): Hour[] | Problem {
  const unknown = [...search.keys()].find((name) => name !== 'hour')
  if (unknown !== undefined) return invalid(unknown, 'is not known here. Known is hour')
  const asked = search.getAll('hour').map(parseHour)
  if (asked.length > STATUS_HOURS_MAX) return invalid('hour', `is given more than ${STATUS_HOURS_MAX} times`)
  if (asked.includes(undefined)) return invalid('hour', 'must be of the form 2026-11-21T20Z')
  if (asked.length > 0) return asked.filter((hour) => hour !== undefined)
  const last = hourOf(nowMs + AHEAD_MS_MAX)
  return [addHours(last, -2), addHours(last, -1), last].filter((hour) => hour >= hourOf(nowMs) - 1)
}

function invalid(parameter: string, message: string): Problem {
  return { kind: 'invalid_parameter', parameter, detail: `${parameter} ${message}.` }
}
