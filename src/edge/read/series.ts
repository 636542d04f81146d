import { z } from 'zod'
import { keysUnder } from '../../model/key.ts'
import type { ReadSeries } from '../../model/read.ts'
import { SERIES } from '../../model/read.ts'
import type { Schedule } from '../../model/schedule.ts'
import type { Asked } from '../http/parameters.ts'
import { parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { AskUnsettledUnder } from '../ports.ts'
import type { SeriesAnswer } from './answers.ts'
import { readAll } from './counters.ts'
import { shardsOfSeries } from './fresh.ts'
import { FORBIDDEN, prefixText } from './list-query.ts'
import { readingOf, readingParameters, unitText } from './query.ts'
import { rangeParameters } from './range.ts'

export type SeriesServices = {
  readonly readSeries: ReadSeries
  readonly askUnsettledUnder: AskUnsettledUnder
  readonly shards: Schedule
  readonly nowMs: number
}

/** The parameters of `GET /counters?prefix=&bucket=`: it is `bucket` that makes it a series and not a list. */
export const seriesParameters = z.strictObject({
  prefix: prefixText,
  ...rangeParameters,
  bucket: unitText,
  ...readingParameters,
})

/**
 * `GET /counters?prefix=&bucket=`: all keys that begin with a text, added up by hours, days, weeks or months. For a
 * token with a prefix, those of its own. [R1] [R2] [S2]
 */
export async function readSeriesAnswer(
  asked: Asked,
  grant: string | null,
  { readSeries, askUnsettledUnder, shards, nowMs }: SeriesServices,
): Promise<SeriesAnswer | Problem> {
  const parsed = parseParameters(asked, seriesParameters)
  if ('kind' in parsed) return parsed
  const { prefix } = parsed.parameters
  const query = readingOf(parsed.parameters, 1, nowMs)
  if ('kind' in query) return query
  const ranges = keysUnder(prefix, grant)
  if (ranges === undefined) return FORBIDDEN
  const readings = await readAll(query, nowMs, {
    names: [SERIES],
    shardsOf: (fresh) => shardsOfSeries(query.range, fresh, shards),
    ask: async (shard) => [await askUnsettledUnder(shard, prefix, grant)],
    readRows: (rows) => readSeries({ ranges, ...rows }),
  })
  if ('kind' in readings) return readings
  const [reading] = readings
  if (reading === undefined) throw new Error('a series has a reading')
  return { prefix, ...reading }
}
