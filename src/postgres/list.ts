import { z } from 'zod'
import { READ_MS_MAX } from '../limits.ts'
import type { ListCounters, ListItem } from '../model/read.ts'
import type { Postgres } from './driver/session.ts'
import { reader } from './execute.ts'
import { listSql } from './list-sql.ts'
import { listing } from './statement.ts'

/** Lists keys or groups of keys, in one statement, which ends after READ_MS_MAX. */
export function createLister(postgres: Postgres): ListCounters {
  const read = reader(postgres, READ_MS_MAX)
  return async (query) => {
    // An empty range has no items. The SQL is not run, because it would count the hours backwards.
    if (query.from >= query.to) return []
    return answerSchema.parse(await read(listing(listSql(query)))).items
  }
}

const rowSchema = z
  .object({
    key: z.string(),
    sum: z.string().transform(BigInt),
    count: z.coerce.number(),
    min: z.coerce.number(),
    max: z.coerce.number(),
    last_flush_ms: z.coerce.number(),
    keys: z.coerce.number().nullable(),
    is_key: z.boolean().nullable(),
  })
  .transform(({ last_flush_ms, keys, is_key, ...row }): ListItem => {
    const group = keys === null || is_key === null ? null : { keys, isKey: is_key }
    return { ...row, lastFlushMs: last_flush_ms, group }
  })

const answerSchema = z.object({ items: z.array(rowSchema) })
