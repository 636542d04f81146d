import { z } from 'zod'
import { BUCKETS_MAX, FRESH_HOURS_MAX, KEYS_MAX } from '../../limits.ts'
import type { Unit } from '../../model/calendar.ts'
import { countBuckets, UNITS } from '../../model/calendar.ts'
import type { HourRange } from '../../model/hour.ts'
import { keySchema } from '../../model/key.ts'
import type { Zone } from '../../model/zone.ts'
import { parseZone } from '../../model/zone.ts'
import type { Asked } from '../http/parameters.ts'
import { invalid, parseParameters, wholeText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import { parseRange, rangeParameters } from './range.ts'

/** How whatever is read by buckets is read. */
export type ReadingQuery = {
  readonly range: HourRange
  readonly unit: Unit
  readonly zone: Zone
  /** Hours before the current one whose shards are asked; null for what Postgres has alone. */
  readonly freshHours: number | null
  /** Only what the shards hold: Postgres is not asked. */
  readonly isUnsettled: boolean
}

/** A checked `GET /counters` of one key or several. */
export type CounterQuery = ReadingQuery & { readonly keys: readonly string[] }

const zoneText = z.string().transform((name, ctx): Zone => {
  const zone = parseZone(name)
  if (zone !== undefined) return zone
  ctx.addIssue({ code: 'custom', message: 'must be a time zone of the IANA, such as Europe/Berlin' })
  return z.NEVER
})

export const unitText = z.enum(UNITS, { error: `must be ${UNITS.join(', ')}` })

/** What everything that is read by buckets may be told. */
export const readingParameters = {
  tz: zoneText.prefault('UTC').meta({
    description: 'The IANA time zone of days, weeks and months.',
    example: 'America/New_York',
  }),
  consistency: z
    .enum(['fresh', 'committed', 'unsettled'], { error: 'must be fresh, committed or unsettled' })
    .default('fresh')
    .meta({
      description:
        '`committed` asks Postgres alone; `unsettled` asks the shards alone, and wakes no database: the answer then has ' +
        'what they hold, in the hours from `freshFrom` on.',
    }),
  freshHours: wholeText(1, FRESH_HOURS_MAX).optional().meta({
    description: 'How many hours before the current one are read from the shards too; 1 by default.',
  }),
}

/** The parameters of `GET /counters?key=`; in `GET /counters/{key}` the one key stands in the path. */
export const counterParameters = z.strictObject({
  key: z
    .array(keySchema, { error: 'is missing: ask for /counters?key=...' })
    .max(KEYS_MAX, `is given too often: one answer has at most ${KEYS_MAX} keys`)
    .refine((keys) => new Set(keys).size === keys.length, 'is given twice with the same key')
    .meta({ description: `What to read; up to ${KEYS_MAX} of them.`, example: ['site/example.com/pricing'] }),
  ...rangeParameters,
  bucket: unitText.default('hour').meta({
    description:
      'What the hours are added up by. An hour belongs to the local day in which it begins; weeks begin on Monday.',
  }),
  ...readingParameters,
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
  const { key: keys } = parsed.parameters
  const reading = readingOf(parsed.parameters, keys.length, nowMs)
  return 'kind' in reading ? reading : { keys, ...reading }
}

type Reading = Omit<z.output<typeof counterParameters>, 'key'>

/** @param names how many are read, each by all of the buckets. */
export function readingOf(parameters: Reading, names: number, nowMs: number): ReadingQuery | Problem {
  const { bucket: unit, tz: zone, consistency, freshHours } = parameters
  if (consistency === 'committed' && freshHours !== undefined) {
    return invalid('freshHours', 'does not go with consistency=committed')
  }
  const range = parseRange(parameters, nowMs)
  if ('kind' in range) return range
  const buckets = countBuckets(range, unit, zone) * names
  if (buckets > BUCKETS_MAX) return tooManyBuckets(buckets, unit)
  const isUnsettled = consistency === 'unsettled'
  return {
    range,
    unit,
    zone,
    isUnsettled,
    freshHours: consistency === 'committed' ? null : (freshHours ?? 1),
  }
}

function tooManyBuckets(count: number, unit: Unit): Problem {
  const message = `and to make ${count} buckets by the ${unit}; one answer has at most ${BUCKETS_MAX}: ask for less, or for a larger bucket`
  return invalid('from', message)
}
