import { z } from 'zod'
import type { ListCounters, Listed, ListItem } from '../model/read.ts'
import { reachOf } from '../model/rollups/reach.ts'
import type { Postgres } from './driver/session.ts'
import type { Ask } from './execute.ts'
import { coarseSql, type ListStatement, listSql, unreadableSql } from './list-sql.ts'
import { rowNamesSchema, WHOLE } from './readable.ts'
import { reaching } from './rollups/reaching.ts'
import { coarseSchema } from './rollups/segments.ts'
import { listing } from './statement.ts'
import { ALONE, orTooSlow } from './too-slow.ts'

/**
 * Lists keys or groups of keys, in one statement. Only when its answer has what is no item, it
 * asks again without the rows that make it so, and for their names.
 */
export function createLister(postgres: Postgres, times = ALONE): ListCounters {
  const list = async (query: ListStatement, read: Ask): Promise<Listed> => {
    const coarse = coarseSql(query)
    const usual = answerSchema.safeParse(await read(listing(listSql(query), coarse)))
    if (usual.success) return { ...usual.data, unreadable: [] }
    const careful = listSql({ ...query, isCareful: true })
    const answer = answerSchema.parse(await read(listing(careful, coarse)))
    // A group's keys sort above its name, so a page of groups has no last key.
    const isCut = query.sort === 'key' && query.grouping === null && answer.items.length === query.limit
    const rows = unreadableSql(query, isCut ? (answer.items.at(-1)?.key ?? null) : null)
    return { ...answer, unreadable: rowNamesSchema.parse(await read(listing(rows))).items }
  }
  return async (query) => {
    const { from, to } = query
    // An empty range has no items. The SQL is not run, because it would count the hours backwards.
    if (from >= to) return { items: [], unreadable: [], coarse: [] }
    const reach = reachOf([from], to, postgres.clock.now())
    return await orTooSlow(postgres, times, query.contains === null ? 'list' : 'search', (read) =>
      reaching(reach, (found) => list({ ...query, reach: found }, read)),
    )
  }
}

const rowSchema = z
  .object({
    key: z.string(),
    sum: z.string().regex(WHOLE).transform(BigInt),
    count: z.coerce.number().pipe(z.int()),
    min: z.coerce.number().pipe(z.int()),
    max: z.coerce.number().pipe(z.int()),
    last_flush_ms: z.coerce.number().pipe(z.number()),
    keys: z.coerce.number().nullable(),
    is_key: z.boolean().nullable(),
  })
  .transform(({ last_flush_ms, keys, is_key, ...row }): ListItem => {
    const group = keys === null || is_key === null ? null : { keys, isKey: is_key }
    return { ...row, lastFlushMs: last_flush_ms, group }
  })

const answerSchema = z.object({ items: z.array(rowSchema), coarse: coarseSchema })
