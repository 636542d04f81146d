import { z } from 'zod'
import type { Config } from '../../config.ts'
import { AHEAD_MS_MAX } from '../../limits.ts'
import { edgeClosesMs, retireAtMs, stateOf } from '../../model/closing.ts'
import { formatHour, hourStartMs } from '../../model/hour.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import { shardNamesOf } from '../../model/shard-name.ts'
import type { RawParameters } from '../http/parameters.ts'
import { hourText, invalid, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Shards } from '../ports.ts'

export const hourParameters = z.strictObject({ hour: hourText.meta({ example: '2026-11-21T20Z' }) })

export const hourAnswerSchema = z
  .strictObject({
    hour: z.string().meta({ example: '2026-11-21T20Z' }),
    state: z
      .enum(['open', 'closing', 'final'])
      .meta({ description: '`final` is never taken back: it may be invoiced.' }),
    closesAt: z.iso.datetime().meta({ description: 'The hour takes increments until then.' }),
    finalFrom: z.iso.datetime().meta({ description: 'The hour is not final before then.' }),
    pending: z.int().min(0).meta({
      description: "Increments of this token's keys that Postgres may not have yet, without the parked ones.",
    }),
    parked: z.int().min(0).meta({
      description: 'Increments that Postgres refused. They are kept until somebody decides about them.',
    }),
  })
  .meta({ id: 'Hour' })

export type HourAnswer = z.infer<typeof hourAnswerSchema>

export type HourServices = {
  /** Rejects when one shard does not answer, because then nobody knows what it holds. */
  readonly shards: Pick<Shards, 'settlement'>
  readonly config: Pick<Config, 'shards' | 'lateHours'>
  readonly nowMs: number
}

/** `GET /hours/{hour}`: may it be invoiced? For a token with a prefix, only its own keys matter. [S2] */
export async function readHour(
  raw: RawParameters,
  rawHour: unknown,
  grant: string | null,
  { shards, config, nowMs }: HourServices,
): Promise<Result<HourAnswer, Problem>> {
  const parsed = parseParameters(raw, hourParameters, { hour: rawHour })
  if (!parsed.ok) return parsed
  const { hour } = parsed.value
  if (hourStartMs(hour) > nowMs + AHEAD_MS_MAX) return invalid('hour', 'has not begun yet')
  const { lateHours } = config
  const names = shardNamesOf(hour, config.shards)
  const settlements = await Promise.all(names.map((name) => shards.settlement(name, grant)))
  return ok({
    hour: formatHour(hour),
    state: stateOf(hour, settlements, { lateHours, nowMs }),
    closesAt: new Date(edgeClosesMs(hour, lateHours)).toISOString(),
    finalFrom: new Date(retireAtMs(hour, lateHours)).toISOString(),
    pending: settlements.reduce((sum, { pending }) => sum + pending, 0),
    parked: settlements.reduce((sum, { parked }) => sum + parked, 0),
  })
}
