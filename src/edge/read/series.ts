import { z } from 'zod'
import type { Config } from '../../config.ts'
import { must } from '../../model/assert.ts'
import { keysUnder } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { RawParameters } from '../http/parameters.ts'
import { invalid, isGiven, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Database, Shards } from '../ports.ts'
import { type SeriesAnswer, unreadableOf } from './answers.ts'
import { readAll } from './found.ts'
import { shardsOfSeries } from './fresh.ts'
import { groupingParameters, parseGrouping } from './grouping.ts'
import { readGroups } from './groups.ts'
import type { KnownWriters } from './known-writers.ts'
import { noKeyUnder, prefixText } from './list.ts'
import { bucketsIn, readingParameters, readingQueryOf } from './query.ts'
import { rangeParameters } from './range.ts'

export type SeriesServices = {
  readonly database: Pick<Database, 'readSeries' | 'readGroups' | 'firstHour'>
  readonly shards: Pick<Shards, 'unsettledSum' | 'unsettledGroups'>
  readonly known?: KnownWriters | undefined
  readonly config: Pick<Config, 'shards'>
  readonly nowMs: number
}

/** Names /keys for one release, because without a bucket this was a list. */
const NO_BUCKET = 'is missing: `bucket=day` adds up all keys under the prefix, and `/keys?prefix=` lists them'

/** The parameters of `GET /counters?prefix=`. */
export const seriesParameters = z.strictObject({
  prefix: prefixText,
  ...rangeParameters,
  ...readingParameters,
  ...groupingParameters,
})

/**
 * `GET /counters?prefix=`: all keys that begin with a text, added up by hours, days, weeks or months, or altogether. For a
 * token with a prefix, only its own keys. [R1] [R2] [S2]
 */
export async function readSeriesAnswer(
  raw: RawParameters,
  grant: string | null,
  { database, shards, known, config, nowMs }: SeriesServices,
): Promise<Result<SeriesAnswer, Problem>> {
  if (isGiven(raw, 'key')) return invalid('key', 'cannot be combined with `prefix`')
  // Before the names are checked, because a list had others. No list had a range with a name.
  if (!isGiven(raw, 'bucket') && !isGiven(raw, 'range')) return invalid('bucket', NO_BUCKET)
  const parsed = parseParameters(raw, seriesParameters)
  if (!parsed.ok) return parsed
  const { prefix } = parsed.value
  const ranges = keysUnder(prefix, grant)
  if (ranges === undefined) return fail(noKeyUnder(grant))
  const firstHour = () => database.firstHour({ ranges })
  const query = await readingQueryOf(parsed.value, { nowMs, firstHour, subjects: 1 })
  if (!query.ok) return query
  const groups = parseGrouping(parsed.value, bucketsIn(query.value))
  if (!groups.ok) return groups
  const shardsOfHour = shardsOfSeries(prefix, config.shards)
  const readings =
    groups.value === undefined
      ? await readAll(query.value, nowMs, {
          subjects: [prefix],
          shardsOfHour,
          known,
          ask: async ({ shard }) => [[prefix, await shards.unsettledSum(shard, prefix, grant)]],
          readRows: (rows) => database.readSeries({ name: prefix, ranges, ...rows }),
        })
      : await readGroups(query.value, groups.value, nowMs, {
          services: { database, shards, known },
          subjects: [prefix],
          shardsOfHour,
          heldOf: () => ({ prefix, grant }),
          rows: { name: prefix, ranges },
        })
  if (!readings.ok) return readings
  const { unreadable = [], ...reading } = must(readings.value[0], 'the reading of a series')
  return ok({ prefix, ...reading, ...unreadableOf(unreadable) })
}
