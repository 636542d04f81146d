import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { READ_MS_MAX } from '../limits.ts'
import type { Cell } from '../model/cell.ts'
import type { Clock } from '../model/clock.ts'
import type { Hour } from '../model/hour.ts'
import { formatHourStart, hourOf } from '../model/hour.ts'
import type { CommittedRead, LedgerRow, ReadCommitted } from '../model/read.ts'
import type { ConnectionConfig } from './connection.ts'
import { withDatabase } from './connection.ts'
import { classifyFailure } from './failure.ts'

const rowSchema = z.object({
  hour_ms: z.coerce.number(),
  sum: z.string().transform(BigInt),
  count: z.coerce.number(),
  min: z.coerce.number(),
  max: z.coerce.number(),
  updated_ms: z.coerce.number(),
})

const ledgerSchema = z.object({ writer: z.string(), seq: z.coerce.number(), sealed: z.boolean() })

const answerSchema = z.object({ counters: z.array(rowSchema), ledger: z.array(ledgerSchema) })

/** Reads rows and ledger in one statement, so that both are of the same instant. */
export function createReader(config: ConnectionConfig, clock: Clock): ReadCommitted {
  const execute = async (statement: ReturnType<typeof select>) => {
    try {
      return await withDatabase(config, clock, READ_MS_MAX, (db) => db.execute(statement))
    } catch (error) {
      // Drizzle's message repeats the parameters.
      throw new Error(classifyFailure(error).reason)
    }
  }
  return async (query) => {
    const result = await execute(select(query))
    const { counters, ledger } = answerSchema.parse(result.rows[0])
    return {
      cells: new Map(counters.map((row): [Hour, Cell] => [hourOf(row.hour_ms), cellOf(row)])),
      lastFlushMs: counters.reduce((last, row) => Math.max(last, row.updated_ms), 0) || null,
      ledger: new Map(ledger.map((row): [string, LedgerRow] => [row.writer, row])),
    } satisfies CommittedRead
  }
}

function cellOf(row: z.infer<typeof rowSchema>): Cell {
  return { sum: row.sum, count: row.count, min: row.min, max: row.max }
}

/** The sum leaves as text, for JSON readers round beyond 2^53. */
function select(query: Parameters<ReadCommitted>[0]) {
  return sql`
select
  (select coalesce(json_agg(json_build_object(
      'hour_ms', extract(epoch from hour) * 1000, 'sum', sum::text, 'count', count, 'min', min, 'max', max,
      'updated_ms', floor(extract(epoch from updated_at) * 1000))), '[]'::json)
    from sumdial.counters
    where key = ${query.key} and hour >= ${formatHourStart(query.from)}::timestamptz
      and hour < ${formatHourStart(query.to)}::timestamptz) as counters,
  (select coalesce(json_agg(json_build_object('writer', writer, 'seq', seq, 'sealed', sealed)), '[]'::json)
    from sumdial.ledger where writer = any(${sql.param([...query.writers])}::uuid[])) as ledger`
}
