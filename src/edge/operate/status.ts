import { z } from 'zod'
import type { Config } from '../../config.ts'
import { AHEAD_MS_MAX, STATUS_SHARDS_MAX } from '../../limits.ts'
import type { Log } from '../../log.ts'
import { type Notice, noticeSchema } from '../../model/deployed/notice.ts'
import type { Hour } from '../../model/hour.ts'
import { addHours, formatHour, hourOf } from '../../model/hour.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import { valueAt } from '../../model/schedule.ts'
import { shardNamesOf } from '../../model/shard-name.ts'
import { type ShardStatus, shardStatusSchema } from '../../model/status.ts'
import type { RawParameters } from '../http/parameters.ts'
import { hourText, invalid, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import { NO_DATABASE_WORDS } from '../http/problem-words.ts'
import type { Database, Shards } from '../ports.ts'
import { Unavailable } from '../timeout.ts'
import {
  type Audit,
  auditOf,
  auditSchema,
  DISAGREEMENTS,
  type Disagreement,
  NOTHING_IN_LEDGER,
} from './audit.ts'

/** A shard's status, with the ledger's count when that was asked for; or that the shard did not answer. */
export type ShardReport = (ShardStatus & { readonly ledger?: Audit }) | Unanswered

export type StatusServices = {
  readonly database: Pick<Database, 'ledgerOf' | 'daysStanding'>
  readonly shards: Pick<Shards, 'status'>
  readonly config: Pick<Config, 'shards' | 'database'>
  readonly log: Log
  readonly nowMs: number
}

export const statusParameters = z.strictObject({
  hour: z.array(hourText).optional().meta({
    description: 'An hour such as 2026-11-21T20Z, in place of the recent hours. May be given several times.',
  }),
  ledger: z.string().optional().meta({
    description: "`1` compares each shard with Postgres's ledger, which asks Postgres.",
    example: '1',
  }),
  days: z.string().optional().meta({
    description: '`1` adds how far days are made from hours, which asks Postgres.',
    example: '1',
  }),
})

const unansweredSchema = z.strictObject({ shard: z.string(), error: z.string() })

const day = z.string().meta({ example: '2026-11-21' })

const daysSchema = z
  .strictObject({
    through: day.nullable().meta({
      description: 'The last day up to which every day is made; null when none is.',
    }),
    next: day.nullable().meta({ description: 'The first day that is to be made; null when there is none.' }),
    stale: z.int().meta({ description: 'Days that late increments have changed, and that are to be made.' }),
    begins: z.iso.datetime().nullable().meta({
      description: 'From when days are made, a day after their migration; null when that has come.',
    }),
  })
  .meta({
    description: 'With days=1: how far days are made from hours, of those that ended 3 days ago.',
  })

export const statusAnswerSchema = z.strictObject({
  now: z.iso.datetime(),
  hours: z.array(z.string().meta({ example: '2026-11-21T20Z' })),
  shards: z.array(z.union([shardStatusSchema.extend({ ledger: auditSchema.optional() }), unansweredSchema])),
  pending: z.int().meta({ description: 'How many increments of these shards Postgres may not have yet.' }),
  lagMs: z.int(),
  isConserved: z.boolean(),
  days: daysSchema.optional(),
  notices: z.array(noticeSchema).meta({
    description:
      'Things that only a person can mend: the Worker has no DATABASE_URL, the schema of Postgres is behind, or a deploy has changed the SHARDS or LATE_HOURS of an hour that has begun.',
  }),
})

type Unanswered = z.infer<typeof unansweredSchema>

export type StatusAnswer = z.infer<typeof statusAnswerSchema>

/**
 * `GET /status`: what the shards of the recent hours hold, or those of each `?hour=`. It queries Postgres for `?ledger=1`,
 * which compares each shard with the ledger, and for `?days=1`, and otherwise never.
 */
export async function readStatus(
  raw: RawParameters,
  services: StatusServices,
): Promise<Result<StatusAnswer, Problem>> {
  const parsed = parseParameters(raw, statusParameters)
  if (!parsed.ok) return parsed
  const { hour: named, ledger, days } = parsed.value
  const hours = named === undefined ? recentHours(services) : [...new Set(named)]
  const names = hours.flatMap((hour) => shardNamesOf(hour, services.config.shards))
  if (names.length > STATUS_SHARDS_MAX) {
    return invalid('hour', { asked: names.length, max: STATUS_SHARDS_MAX, unit: 'shards' })
  }
  const shards = await Promise.all(names.map((name) => askOrSay(name, services)))
  const known = shards.flatMap((shard) => ('error' in shard ? [] : [shard]))
  return ok({
    now: new Date(services.nowMs).toISOString(),
    hours: hours.map(formatHour),
    shards: ledger === '1' ? await withLedger(shards, services) : shards,
    pending: known.reduce((sum, shard) => sum + shard.open.increments + shard.frozen.increments, 0),
    lagMs: Math.max(0, ...known.map((shard) => shard.lagMs)),
    isConserved: known.every((shard) => shard.isConserved),
    ...(days === '1' && { days: await readDays(services) }),
    notices: noticesOf(known, services.config),
  })
}

async function readDays({ database }: Pick<StatusServices, 'database'>) {
  const { beginsMs, ...standing } = await database.daysStanding()
  return { ...standing, begins: beginsMs === null ? null : new Date(beginsMs).toISOString() }
}

/** Each notice once. Close to the turn of the hour the shards of two hours may have the same ones. */
export function noticesOf(
  shards: readonly ShardStatus[],
  { database }: Pick<StatusServices['config'], 'database'>,
): Notice[] {
  const missing: Notice[] = database === undefined ? [{ kind: 'database', text: NO_DATABASE_WORDS }] : []
  const notices = [...missing, ...shards.flatMap((shard) => shard.notices ?? [])]
  return [...new Map(notices.map((notice) => [notice.text, notice])).values()]
}

/** Asks one shard. When it does not answer the result says so, because it must not hide the others. */
export async function askOrSay(
  shard: string,
  { shards }: Pick<StatusServices, 'shards'>,
): Promise<ShardStatus | Unanswered> {
  try {
    return await shards.status(shard)
  } catch (error) {
    const cause = error instanceof Unavailable ? error.cause : error
    return { shard, error: cause instanceof Error ? cause.message.slice(0, 200) : 'no answer' }
  }
}

/** Compares the ledger with what the shards said, once they were asked again. Logs why shards do not agree. */
export async function withLedger(shards: readonly (ShardStatus | Unanswered)[], services: StatusServices) {
  const ledger = await services.database.ledgerOf(shards.map(({ shard }) => shard))
  const audited = await Promise.all(
    shards.map(async (before): Promise<ShardReport> => {
      const after = await askOrSay(before.shard, services)
      if ('error' in before || 'error' in after) return before
      return { ...before, ledger: auditOf(before, ledger.get(before.shard) ?? NOTHING_IN_LEDGER, after) }
    }),
  )
  for (const { reason, shards: count } of disagreements(audited)) {
    services.log({ message: 'ledger disagrees', reason, shards: count })
  }
  return audited
}

/** How many shards do not agree with the ledger, by why; without the reasons of none. */
function disagreements(shards: readonly ShardReport[]) {
  return DISAGREEMENTS.map((reason) => ({ reason, shards: countDisagreeing(shards, reason) })).filter(
    ({ shards: count }) => count > 0,
  )
}

export function countDisagreeing(shards: readonly ShardReport[], reason: Disagreement): number {
  return shards.filter((shard) => !('error' in shard) && shard.ledger?.reason === reason).length
}

type OfHours = { readonly nowMs: number; readonly config: Pick<Config, 'shards'> }

/**
 * The current hour and the one before, and close to the turn the next. With many shards, only as many hours as one
 * answer has room for, the current one first.
 */
export function recentHours({ nowMs, config }: OfHours): Hour[] {
  const now = hourOf(nowMs)
  const hours: Hour[] = []
  let count = 0
  for (const hour of new Set([now, addHours(now, -1), hourOf(nowMs + AHEAD_MS_MAX)])) {
    count += valueAt(config.shards, hour)
    if (count <= STATUS_SHARDS_MAX) hours.push(hour)
  }
  return hours.sort((a, b) => a - b)
}
