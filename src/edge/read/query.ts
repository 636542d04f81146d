import { z } from 'zod'
import { BUCKETS_MAX, FRESH_HOURS_MAX, KEYS_MAX } from '../../limits.ts'
import type { HourRange } from '../../model/hour.ts'
import { addHours, firstHourFrom, hourOf } from '../../model/hour.ts'
import { keySchema } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import type { Unit } from '../../model/time/calendar.ts'
import { countBuckets, UNITS } from '../../model/time/calendar.ts'
import type { Zone } from '../../model/time/zone.ts'
import { parseZone } from '../../model/time/zone.ts'
import type { RawParameters } from '../http/parameters.ts'
import { instantText, invalid, parsedText, parseParameters, wholeText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { GroupingQuery } from './grouping.ts'
import { groupingParameters, parseGrouping } from './grouping.ts'

/** A checked read by buckets, of keys or of a prefix. */
export type ReadingQuery = {
  readonly range: HourRange
  readonly unit: Unit
  readonly zone: Zone
  /** Hours before the current one whose shards are asked; null when Postgres alone is asked. */
  readonly freshHours: number | null
  /** Whether the shards alone are asked. */
  readonly isUnsettled: boolean
}

/** A checked `GET /counters` of one key or several. */
export type CounterQuery = ReadingQuery & {
  readonly keys: readonly string[]
  /** How the sums are broken down by labels; undefined for the sums of the keys as they are. */
  readonly groups?: GroupingQuery | undefined
}

/** The two parameters of every read of a range of hours. */
export const rangeParameters = {
  from: instantText.optional().meta({
    description:
      'RFC 3339 or epoch milliseconds. The range has the hours that begin at this time or later; 24 hours before `to` ' +
      'by default.',
    example: '2026-11-21T00:00:00Z',
  }),
  to: instantText.optional().meta({
    description: 'As `from`. The range has the hours that begin before it; the end of this hour by default.',
    example: '2026-11-22T00:00:00Z',
  }),
}

const DEFAULT_HOURS = 24

/**
 * The hours that begin in [from, to), both in epoch ms; by default the last ones, of which the current one is the last.
 *
 * @param defaultHours how many these are.
 */
export function parseRange(
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  nowMs: number,
  defaultHours = DEFAULT_HOURS,
): Result<HourRange, Problem> {
  const end = to === undefined ? addHours(hourOf(nowMs), 1) : firstHourFrom(to)
  const begin = from === undefined ? addHours(end, -defaultHours) : firstHourFrom(from)
  return begin > end ? invalid('from', 'must not be after `to`') : ok({ from: begin, to: end })
}

const zoneText = parsedText(parseZone, 'must be an IANA time zone such as Europe/Berlin')

const unitText = z.enum(UNITS, { error: `must be one of ${UNITS.join(', ')}` })

const CONSISTENCIES = ['fresh', 'committed', 'unsettled'] as const

/** The parameters of every read by buckets, beside its range and bucket. */
export const readingParameters = {
  tz: zoneText.prefault('UTC').meta({
    description: 'The IANA time zone of days, weeks and months.',
    example: 'America/New_York',
  }),
  consistency: z
    .enum(CONSISTENCIES, { error: `must be one of ${CONSISTENCIES.join(', ')}` })
    .default('fresh')
    .meta({
      description:
        '`committed` asks Postgres alone. `unsettled` asks the shards alone and wakes no database: the answer has ' +
        'what they hold, in the hours from `freshFrom` on.',
    }),
  freshHours: wholeText(1, FRESH_HOURS_MAX).optional().meta({
    description: 'How many hours before the current one are read from the shards too; 1 by default.',
  }),
}

const NO_KEY = 'is missing: ask for /counters?key=...'

/** The parameters of `GET /counters?key=`; in `GET /counters/{key}` the path has the one key. */
export const counterParameters = z.strictObject({
  key: z
    .array(keySchema, {
      error: ({ input }) => (input === undefined ? NO_KEY : 'must be a text or an array of texts'),
    })
    .max(KEYS_MAX, `may be given at most ${KEYS_MAX} times`)
    .refine((keys) => new Set(keys).size === keys.length, 'must not be given twice with the same key')
    .meta({
      description: `A key to read. May be given up to ${KEYS_MAX} times.`,
      example: ['site/example.com/pricing'],
    }),
  ...rangeParameters,
  bucket: unitText.default('hour').meta({
    description:
      'What the hours are added up by. An hour belongs to the local day in which it begins; weeks begin on Monday.',
  }),
  ...readingParameters,
  ...groupingParameters,
})

/** @param keyInPath the key of `GET /counters/{key}`. */
export function parseCounterQuery(
  raw: RawParameters,
  keyInPath: string | undefined,
  nowMs: number,
): Result<CounterQuery, Problem> {
  const more = keyInPath === undefined ? {} : { key: [keyInPath] }
  const parsed = parseParameters(raw, counterParameters, more)
  if (!parsed.ok) return parsed
  const { key: keys } = parsed.value
  const reading = parseReading(parsed.value, keys.length, nowMs)
  if (!reading.ok) return reading
  const groups = parseGrouping(parsed.value, keys.length * bucketsIn(reading.value))
  return groups.ok ? ok({ keys, groups: groups.value, ...reading.value }) : groups
}

/** @param subjects how many are read, each by all of the buckets. */
export function parseReading(
  parameters: Omit<z.output<typeof counterParameters>, 'key' | keyof typeof groupingParameters>,
  subjects: number,
  nowMs: number,
): Result<ReadingQuery, Problem> {
  const { bucket: unit, tz: zone, consistency, freshHours } = parameters
  if (consistency === 'committed' && freshHours !== undefined) {
    return invalid('freshHours', 'cannot be combined with `consistency=committed`')
  }
  const parsed = parseRange(parameters, nowMs)
  if (!parsed.ok) return parsed
  const range = parsed.value
  const buckets = countBuckets(range, unit, zone) * subjects
  if (buckets > BUCKETS_MAX) return invalid('from', { asked: buckets, max: BUCKETS_MAX, unit: 'buckets' })
  return ok({
    range,
    unit,
    zone,
    isUnsettled: consistency === 'unsettled',
    freshHours: consistency === 'committed' ? null : (freshHours ?? 1),
  })
}

/** How many buckets each subject of a read has. */
export function bucketsIn({ range, unit, zone }: ReadingQuery): number {
  return countBuckets(range, unit, zone)
}
