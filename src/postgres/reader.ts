import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { READ_STATEMENT_MS_MAX } from '../limits.ts'
import type { Cell } from '../model/cell.ts'
import type { Clock } from '../model/clock.ts'
import type { Hour } from '../model/hour.ts'
import { formatHourStart } from '../model/hour.ts'
import type { CommittedCounter, CommittedRead, LedgerRow, ReadCommitted, ReadSeries } from '../model/read.ts'
import { SERIES } from '../model/read.ts'
import type { ConnectionConfig } from './connection.ts'
import { executor } from './execute.ts'
import { inRange, unionAll } from './list-sql.ts'

const rowSchema = z.object({
  key: z.string(),
  /** Counted from 1. */
  bucket: z.number(),
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
  const read = reader(config, clock)
  return (query) => read(query, sql`key`, rowsOfKeys(query))
}

/** The same of all keys in some ranges, added up. */
export function createSeriesReader(config: ConnectionConfig, clock: Clock): ReadSeries {
  const read = reader(config, clock)
  return (query) => read(query, sql`${SERIES}::text`, rowsUnder(query))
}

type Asked = Omit<Parameters<ReadCommitted>[0], 'keys'>

/** @returns what reads, by a name for each row, from rows such as `table where ...`. */
function reader(config: ConnectionConfig, clock: Clock) {
  const execute = executor(config, clock, READ_STATEMENT_MS_MAX)
  return async (query: Asked, name: SQL, rows: SQL): Promise<CommittedRead> => {
    const result = await execute(select(query, name, rows))
    const { counters, ledger } = answerSchema.parse(result.rows[0])
    return {
      counters: countersOf(counters, query.buckets),
      ledger: new Map(ledger.map((row): [string, LedgerRow] => [row.writer, row])),
    }
  }
}

type Row = z.infer<typeof rowSchema>

function countersOf(rows: readonly Row[], buckets: readonly Hour[]): CommittedRead['counters'] {
  const byKey = Map.groupBy(rows, ({ key }) => key)
  return new Map(Array.from(byKey, ([key, own]) => [key, counterOf(own, buckets)]))
}

function counterOf(rows: readonly Row[], buckets: readonly Hour[]): CommittedCounter {
  const cells = new Map<Hour, Cell>()
  for (const row of rows) {
    const from = buckets[row.bucket - 1]
    if (from === undefined) throw new Error(`Postgres answers of bucket ${row.bucket} of ${buckets.length}`)
    cells.set(from, cellOf(row))
  }
  return { cells, lastFlushMs: Math.max(...rows.map((row) => row.updated_ms)) }
}

function cellOf(row: Row): Cell {
  return { sum: row.sum, count: row.count, min: row.min, max: row.max }
}

/**
 * Hours are added up by bucket where they are, so that years by month are a small answer. The bounds come from
 * model/calendar.ts, for there is but one place that knows time zones. Sums leave as text: JSON readers round beyond 2^53.
 */
function select({ buckets, writers }: Asked, name: SQL, rows: SQL) {
  const bounds = sql.param(buckets.map(formatHourStart))
  return sql`
select
  (select coalesce(json_agg(by_bucket), '[]'::json) from (
    select ${name} as key, width_bucket(hour, ${bounds}::timestamptz[]) as bucket, sum(sum)::text as sum,
      sum(count) as count, min(min) as min, max(max) as max,
      floor(extract(epoch from max(updated_at)) * 1000) as updated_ms
    from ${rows}
    group by 1, 2) as by_bucket) as counters,
  (select coalesce(json_agg(json_build_object('writer', writer, 'seq', seq, 'sealed', sealed)), '[]'::json)
    from sumdial.ledger where writer = any(${sql.param([...writers])}::uuid[])) as ledger`
}

function rowsOfKeys({ keys, ...asked }: Parameters<ReadCommitted>[0]): SQL {
  return sql`sumdial.counters where key = any(${sql.param([...keys])}::text[]) and ${inHours(asked)}`
}

/** Which index is better is the planner's to say, as for a list. */
function rowsUnder({ ranges, ...asked }: Parameters<ReadSeries>[0]): SQL {
  const rows = ranges.map(
    (range) => sql`select hour, sum, count, min, max, updated_at from sumdial.counters
    where ${inRange(range, null)} and ${inHours(asked)}`,
  )
  return sql`(${unionAll(rows)}) as found`
}

function inHours({ buckets, to }: Asked): SQL {
  const from = formatHourStart(buckets[0] ?? to)
  return sql`hour >= ${from}::timestamptz and hour < ${formatHourStart(to)}::timestamptz`
}
