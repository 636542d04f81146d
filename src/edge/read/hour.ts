import { z } from 'zod'
import { AHEAD_MS_MAX } from '../../limits.ts'
import { type AskSettlement, edgeClosesMs, retireAtMs, stateOf } from '../../model/closing.ts'
import { formatHour, hourStartMs } from '../../model/hour.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import type { Schedule } from '../../model/schedule.ts'
import { shardsOf } from '../../model/shard-name.ts'
import type { RawParameters } from '../http/parameters.ts'
import { hourText, invalid, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'

/** The parameters of `GET /hours/{hour}`. */
export const hourParametersSchema = z.strictObject({ hour: hourText.meta({ example: '2026-11-21T20Z' }) })

export const hourAnswerSchema = z
  .strictObject({
    hour: z.string().meta({ example: '2026-11-21T20Z' }),
    state: z
      .enum(['open', 'closing', 'final'])
      .meta({ description: '`final` is never taken back: it may be invoiced.' }),
    closesAt: z.iso.datetime().meta({ description: 'Until when the hour takes increments.' }),
    finalFrom: z.iso.datetime().meta({ description: 'It is not final before.' }),
    pending: z.int().min(0).meta({
      description: "Increments of this token's keys that Postgres may not have yet, less the parked ones.",
    }),
    parked: z.int().min(0).meta({ description: 'Those set aside until somebody decides on them.' }),
  })
  .meta({ id: 'Hour' })

export type HourAnswer = z.infer<typeof hourAnswerSchema>

export type HourServices = {
  /** Rejects when the shard does not answer: what it holds is then not known, and nothing is said. */
  readonly askSettlement: AskSettlement
  readonly shards: Schedule
  readonly lateHours: Schedule
  readonly nowMs: number
}

/** `GET /hours/{hour}`: may it be invoiced? For a token with a prefix, of its own keys alone. [S2] */
export async function readHour(
  raw: RawParameters,
  rawHour: unknown,
  grant: string | null,
  services: HourServices,
): Promise<Result<HourAnswer, Problem>> {
  const parsed = parseParameters(raw, hourParametersSchema, { hour: rawHour })
  if (!parsed.ok) return parsed
  const { hour } = parsed.value
  if (hourStartMs(hour) > services.nowMs + AHEAD_MS_MAX) return invalid('hour', 'has not begun yet')
  const names = shardsOf(hour, services.shards)
  const settlements = await Promise.all(names.map((name) => services.askSettlement(name, grant)))
  return ok({
    hour: formatHour(hour),
    state: stateOf(hour, settlements, services),
    closesAt: new Date(edgeClosesMs(hour, services.lateHours)).toISOString(),
    finalFrom: new Date(retireAtMs(hour, services.lateHours)).toISOString(),
    pending: settlements.reduce((sum, { pending }) => sum + pending, 0),
    parked: settlements.reduce((sum, { parked }) => sum + parked, 0),
  })
}
