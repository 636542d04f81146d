import { z } from 'zod'
import { BUCKETS_MAX, FRESH_HOURS_MAX, KEYS_MAX } from '../limits.ts'
import type { Unit } from '../model/calendar.ts'
import { countBuckets, UNITS } from '../model/calendar.ts'
import type { HourRange } from '../model/hour.ts'
import { keySchema } from '../model/increment.ts'
import type { Problem } from '../model/problem.ts'
import type { Zone } from '../model/zone.ts'
import { parseZone } from '../model/zone.ts'
import type { Asked } from './parameters.ts'
import { invalid, parseParameters, wholeText } from './parameters.ts'
import { parseRange, rangeParameters } from './range.ts'

/** A checked `GET /counters` of one key or several. */
export type CounterQuery = {
  readonly keys: readonly string[]
  readonly range: HourRange
  readonly unit: Unit
  readonly zone: Zone
  /** Hours before the current one whose shards are asked; null for what Postgres has alone. */
  readonly freshHours: number | null
}

const zoneText = z.string().transform((name, ctx): Zone => {
  const zone = parseZone(name)
  if (zone !== undefined) return zone
  ctx.addIssue({ code: 'custom', message: 'must be a time zone of the IANA, such as Europe/Berlin' })
  return z.NEVER
})

/** The parameters of `GET /counters?key=`; in `GET /counters/{key}` the one key stands in the path. */
export const counterParameters = z.strictObject({
  key: z
    .array(keySchema, { error: 'is missing: ask for /counters?key=...' })
    .max(KEYS_MAX, `is given too often: one answer has at most ${KEYS_MAX} keys`)
    .refine((keys) => new Set(keys).size === keys.length, 'is given twice with the same key')
    .meta({ description: `What to read; up to ${KEYS_MAX} of them.`, example: ['site/example.com/pricing'] }),
  ...rangeParameters,
  bucket: z
    .enum(UNITS, { error: `must be ${UNITS.join(', ')}` })
    .default('hour')
    .meta({
      description:
        'What the hours are added up by. An hour belongs to the local day in which it begins; weeks begin on Monday.',
    }),
  tz: zoneText.prefault('UTC').meta({
    description: 'The IANA time zone of days, weeks and months.',
    example: 'America/New_York',
  }),
  consistency: z
    .enum(['fresh', 'committed'], { error: 'must be fresh or committed' })
    .default('fresh')
    .meta({ description: '`committed` asks Postgres alone.' }),
  freshHours: wholeText(1, FRESH_HOURS_MAX).optional().meta({
    description: 'How many hours before the current one are read from the shards too; 1 by default.',
  }),
})

/** @param keyInPath the key of `GET /counters/{key}`. */
export function parseCounterQuery(
  asked: Asked,
  keyInPath: string | undefined,
  nowMs: number,
): CounterQuery | Problem {
  const more = keyInPath === undefined ? {} : { key: [keyInPath] }
  const parsed = parseParameters(asked, counterParameters, more)
  if ('kind' in parsed) return parsed
  const { key: keys, bucket: unit, tz: zone, consistency, freshHours } = parsed.parameters
  if (consistency === 'committed' && freshHours !== undefined) {
    return invalid('freshHours', 'goes with consistency=fresh alone')
  }
  const range = parseRange(parsed.parameters, nowMs)
  if ('kind' in range) return range
  const buckets = countBuckets(range, unit, zone) * keys.length
  if (buckets > BUCKETS_MAX) return tooManyBuckets(buckets, unit)
  return { keys, range, unit, zone, freshHours: consistency === 'fresh' ? (freshHours ?? 1) : null }
}

function tooManyBuckets(count: number, unit: Unit): Problem {
  const message = `and to make ${count} buckets by the ${unit}; one answer has at most ${BUCKETS_MAX}: ask for less, or for a larger bucket`
  return invalid('from', message)
}
