import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { READ_MS_MAX } from '../limits.ts'
import type { ListCounters, ListItem } from '../model/read.ts'
import type { ConnectionConfig } from './connection.ts'
import { executor } from './execute.ts'
import { listSql } from './list-sql.ts'

/** Lists keys or groups of keys, in one statement, which ends after READ_MS_MAX. */
export function createLister(config: ConnectionConfig, clock: Clock): ListCounters {
  const execute = executor(config, clock, READ_MS_MAX)
  return async (query) => {
    // An empty range has no items. The SQL is not run, because it would count the hours backwards.
    if (query.from >= query.to) return []
    const { rows } = await execute(listSql(query))
    return z.array(rowSchema).parse(rows)
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
