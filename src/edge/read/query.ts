import { z } from 'zod'
import { BUCKETS_MAX, FRESH_HOURS_MAX, KEYS_MAX } from '../../limits.ts'
import type { Hour, HourRange } from '../../model/hour.ts'
import { keySchema } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { ok } from '../../model/result.ts'
import type { Unit } from '../../model/time/calendar.ts'
import { countBuckets, UNITS } from '../../model/time/calendar.ts'
import { previousOf } from '../../model/time/previous.ts'
import type { Zone } from '../../model/time/zone.ts'
import type { RawParameters } from '../http/parameters.ts'
import { invalid, parseParameters, wholeText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import { freshRange } from './fresh.ts'
import type { GroupingQuery } from './grouping.ts'
import { groupingParameters, parseGrouping } from './grouping.ts'
import { type AskedRange, hoursOf, rangeParameters } from './range.ts'

/** A checked read by buckets, of keys or of a prefix. */
export type ReadingQuery = {
  readonly range: HourRange
  /** The first hour of those before the range that are read too, as one bucket, and not shown; undefined when none are. */
  readonly earlier?: Hour
  /** The hours that the range is compared with; null when it is not. */
  readonly previous: HourRange | null
  /** Null when nothing but the total is asked for. */
  readonly unit: Unit | null
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

const unitText = z.enum(UNITS, { error: `must be one of ${UNITS.join(', ')}` })

const CONSISTENCIES = ['fresh', 'committed', 'unsettled'] as const

const compareText = z.enum(['previous'], { error: 'must be previous' })

/** The parameters of every read by buckets, beside its range. */
export const readingParameters = {
  bucket: unitText.optional().meta({
    description:
      'What the hours are added up by. An hour belongs to the local day in which it begins; weeks begin on Monday. Without it, a ' +
      'read with `from` and `to` is by the hour, one with `range=all` by the month, and any other `range` is the total alone.',
  }),
  consistency: z
    .enum(CONSISTENCIES, { error: `must be one of ${CONSISTENCIES.join(', ')}` })
    .default('fresh')
    .meta({
      description:
        '`committed` asks Postgres alone. `unsettled` asks the shards alone and wakes no database: the answer has ' +
        'what they hold, in the hours from `freshFrom` on.',
    }),
  compare: compareText.optional().meta({
    description:
      '`previous` answers the time before too, under `previous`: as long as the range, or the same part of the day or month ' +
      'before.',
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
  ...readingParameters,
  ...groupingParameters,
})

export type CounterParameters = z.output<typeof counterParameters>

/** The parameters of a read of keys, each checked alone. @param keyInPath the key of `GET /counters/{key}`. */
export function parseCounterParameters(raw: RawParameters, keyInPath: string | undefined) {
  return parseParameters(raw, counterParameters, keyInPath === undefined ? {} : { key: [keyInPath] })
}

/** The read that checked parameters ask for. */
export async function counterQueryOf(
  parameters: CounterParameters,
  now: Pick<ReadingTerms, 'nowMs' | 'firstHour'>,
): Promise<Result<CounterQuery, Problem>> {
  const { key: keys } = parameters
  const reading = await readingQueryOf(parameters, { ...now, subjects: keys.length })
  if (!reading.ok) return reading
  const groups = parseGrouping(parameters, keys.length * bucketsIn(reading.value))
  return groups.ok ? ok({ keys, groups: groups.value, ...reading.value }) : groups
}

type ReadingTerms = Pick<AskedRange, 'nowMs' | 'firstHour'> & {
  /** How many are read, each by all of the buckets. */
  readonly subjects: number
}

/** The read that checked parameters ask for. Before it, Postgres is asked for the first hour if the range is `all`. */
export async function readingQueryOf(
  parameters: Omit<CounterParameters, 'key' | keyof typeof groupingParameters>,
  { nowMs, firstHour, subjects }: ReadingTerms,
): Promise<Result<ReadingQuery, Problem>> {
  const { tz: zone, consistency, compare, range: named } = parameters
  if (consistency === 'committed' && parameters.freshHours !== undefined) {
    return invalid('freshHours', 'cannot be combined with `consistency=committed`')
  }
  const incomparable = compareFault(parameters)
  if (incomparable !== undefined) return invalid('compare', incomparable)
  const freshHours = consistency === 'committed' ? null : (parameters.freshHours ?? 1)
  const freshFrom = freshHours === null ? null : freshRange(nowMs, freshHours).from
  const unit = unitOf(parameters)
  const isUnsettled = consistency === 'unsettled'
  // Without Postgres there is nothing before the hours of the shards.
  const first = isUnsettled ? async () => null : firstHour
  const range = await hoursOf(parameters, { unit, nowMs, freshFrom, firstHour: first })
  if (!range.ok) return range
  const previous =
    compare === undefined || named === 'all' ? null : previousOf(range.value, named, { unit, zone, nowMs })
  const query = { range: range.value, previous, unit, zone, isUnsettled, freshHours }
  const asked = bucketsIn(query) * subjects
  if (asked <= BUCKETS_MAX) return ok(query)
  const name = named === undefined ? 'from' : 'range'
  return invalid(name, { asked, max: BUCKETS_MAX, unit: 'buckets' })
}

/** A read without `bucket` was by the hour before there were ranges with a name, and stays so. */
function unitOf({ bucket, range }: Pick<CounterParameters, 'bucket' | 'range'>): Unit | null {
  if (bucket !== undefined) return bucket
  if (range === undefined) return 'hour'
  return range === 'all' ? 'month' : null
}

/** Why a comparison is refused that would say nothing. */
function compareFault({
  compare,
  range,
  consistency,
}: Pick<CounterParameters, 'compare' | 'range' | 'consistency'>) {
  if (compare === undefined) return undefined
  if (range === 'all') return 'cannot be combined with `range=all`, because nothing comes before that'
  if (consistency === 'unsettled') {
    return 'cannot be combined with `consistency=unsettled`, which has the latest hours alone'
  }
  return undefined
}

/** How many buckets each subject of a read has, those of the time before included. */
export function bucketsIn({ range, previous, unit, zone }: ReadingQuery): number {
  const ranges = previous === null ? [range] : [range, previous]
  return ranges.reduce((sum, own) => sum + (unit === null ? 1 : countBuckets(own, unit, zone)), 0)
}
