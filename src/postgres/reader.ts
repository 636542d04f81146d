import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { must } from '../model/assert.ts'
import type { Cell } from '../model/cell.ts'
import type { Hour } from '../model/hour.ts'
import { formatHourStart } from '../model/hour.ts'
import type {
  CommittedCounter,
  CommittedRead,
  LedgerRow,
  ReadCommitted,
  ReadKind,
  ReadSeries,
  RowsQuery,
} from '../model/read.ts'
import { type Reach, reachOf } from '../model/rollups/reach.ts'
import type { Postgres } from './driver/session.ts'
import { reader } from './execute.ts'
import { inRanges, unionAll } from './key-ranges.ts'
import { IS_READABLE, ROW_NAME, rowNamed, WHOLE } from './readable.ts'
import { beforeDays } from './rollups/before-days.ts'
import { bucketAt, coarseDays, coarseSchema, piecesOf, type Span, type Table } from './rollups/segments.ts'
import { type Read, reading } from './statement.ts'
import { orTooSlow, type ReadTimes, SHARED } from './too-slow.ts'

/** A key as Postgres answers it: the n-th value of each column belongs to the n-th bucket that has anything. */
type CounterRow = {
  readonly key: string
  /** Bucket numbers, from 1. */
  readonly buckets: readonly number[]
  readonly sums: readonly string[]
  readonly counts: readonly number[]
  readonly mins: readonly number[]
  readonly maxs: readonly number[]
  readonly updated_ms: number
}

/** Checks a row by hand, because zod took longer than everything else that is done with an answer. */
function isCounterRow(value: unknown): value is CounterRow {
  if (typeof value !== 'object' || value === null) return false
  const row: { readonly [Name in keyof CounterRow]?: unknown } = value
  const { key, buckets, sums, counts, mins, maxs, updated_ms } = row
  return (
    typeof key === 'string' &&
    typeof updated_ms === 'number' &&
    [buckets, counts, mins, maxs].every((column) => isColumn(column, Number.isSafeInteger)) &&
    isColumn(sums, isWhole)
  )
}

function isColumn(value: unknown, isGood: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isGood)
}

function isWhole(item: unknown): boolean {
  return typeof item === 'string' && WHOLE.test(item)
}

const ledgerSchema = z.object({ writer: z.string(), seq: z.coerce.number(), sealed: z.boolean() })

const answerSchema = z.object({
  counters: z.array(z.custom<CounterRow>(isCounterRow)),
  ledger: z.array(ledgerSchema),
  coarse: z.array(coarseSchema),
})

/** One bucket of a key where rows may be unreadable: null when none is readable, and the name of one that is not. */
const carefulBucketSchema = z.object({
  key: z.string(),
  bucket: z.int(),
  sum: z.string().regex(WHOLE).transform(BigInt).nullable(),
  count: z.int().nullable(),
  min: z.int().nullable(),
  max: z.int().nullable(),
  updated_ms: z.number().nullable(),
  unreadable: z.string().transform(rowNamed).nullable(),
})

const carefulAnswerSchema = z.object({
  buckets: z.array(carefulBucketSchema),
  ledger: z.array(ledgerSchema),
  coarse: z.array(coarseSchema),
})

/** Reads keys and the ledger in one statement, so that both are of the same instant. */
export function createReader(postgres: Postgres, times = SHARED): ReadCommitted {
  const read = rowsReader(postgres, 'keys', times)
  return (query) => read(query, (reach) => OF_KEYS[reach], { keys: query.keys })
}

/** Reads all keys in some ranges added up, under the name that the query gives. */
export function createSeriesReader(postgres: Postgres, times = SHARED): ReadSeries {
  const read = rowsReader(postgres, 'prefix', times)
  return (query) => {
    const where = inRanges(query.ranges)
    return read(query, (reach) => statements(reach, sql`${query.name}::text`, [COUNTERS], where))
  }
}

/** The statement of a read, and the one to ask when its answer cannot be read. */
type Statements = { readonly usual: Read; readonly careful: () => Read }

/** @returns a function that reads rows by bucket, with statements that `statements` has made, and their placeholders' values. */
export function rowsReader(postgres: Postgres, kind: ReadKind, times: ReadTimes) {
  const read = reader(postgres, times.statementMs)
  return async (
    { buckets, to, writers }: RowsQuery,
    statementsFor: (reach: Reach) => Statements,
    more: object = {},
  ): Promise<CommittedRead> => {
    const [from, end] = [formatHourStart(buckets[0] ?? to), formatHourStart(to)]
    // A list of numbers as text, because the driver would write each number in quotes.
    const bounds = `{${buckets.join()}}`
    const values = { bounds, from, to: end, writers, ...more }
    const answered = async (reach: Reach): Promise<CommittedRead> => {
      const { usual, careful } = statementsFor(reach)
      const answer = answerSchema.safeParse(await read(usual, values))
      if (!answer.success) return readCarefully(buckets, await read(careful(), values))
      const { counters, ledger, coarse } = answer.data
      return {
        counters: new Map(counters.map((counter) => [counter.key, counterOf(counter, buckets)])),
        ledger: ledgerOf(ledger),
        unreadable: [],
        coarse,
      }
    }
    const reach = reachOf(buckets, to, postgres.clock.now())
    return await orTooSlow(postgres, times, kind, () => beforeDays(reach, answered))
  }
}

function ledgerOf(rows: readonly z.infer<typeof ledgerSchema>[]): Map<string, LedgerRow> {
  return new Map(rows.map((row) => [row.writer, row]))
}

function readCarefully(hours: readonly Hour[], answer: unknown): CommittedRead {
  const { buckets, ledger, coarse } = carefulAnswerSchema.parse(answer)
  const byKey = Map.groupBy(buckets, ({ key }) => key)
  return {
    counters: new Map(Array.from(byKey, ([key, own]) => [key, carefulCounterOf(own, hours)])),
    ledger: ledgerOf(ledger),
    unreadable: buckets.flatMap(({ unreadable }) => unreadable ?? []),
    coarse,
  }
}

function carefulCounterOf(
  buckets: readonly z.infer<typeof carefulBucketSchema>[],
  hours: readonly Hour[],
): CommittedCounter {
  const cells = buckets.flatMap(({ bucket, sum, count, min, max }): [Hour, Cell][] => {
    if (sum === null || count === null || min === null || max === null) return []
    return [[must(hours[bucket - 1], 'the hour of a bucket'), { sum, count, min, max }]]
  })
  const flushes = buckets.flatMap(({ updated_ms }) => updated_ms ?? [])
  return { cells: new Map(cells), lastFlushMs: flushes.length === 0 ? null : Math.max(...flushes) }
}

function counterOf(counter: CounterRow, hours: readonly Hour[]): CommittedCounter {
  const { buckets, sums, counts, mins, maxs, updated_ms: lastFlushMs } = counter
  const cells = new Map<Hour, Cell>()
  for (const [i, bucket] of buckets.entries()) {
    cells.set(must(hours[bucket - 1], 'the hour of a bucket'), {
      sum: BigInt(must(sums[i], 'a sum')),
      count: must(counts[i], 'a count'),
      min: must(mins[i], 'a min'),
      max: must(maxs[i], 'a max'),
    })
  }
  return { cells, lastFlushMs }
}

const RANGE = {
  from: sql`${sql.placeholder('from')}::timestamptz`,
  to: sql`${sql.placeholder('to')}::timestamptz`,
  bounds: sql`${sql.placeholder('bounds')}::float8[]`,
}

const BUCKET = bucketAt(sql`hour`, RANGE.bounds)

const LEDGER = sql`(select coalesce(json_agg(json_build_object('writer', writer, 'seq', seq, 'sealed', sealed)), '[]'::json)
    from sumdial.ledger where writer = any(${sql.placeholder('writers')}::uuid[])) as ledger`

/**
 * Hours are added up by bucket in Postgres, so that years by month are a small answer. The bounds come from
 * model/time/calendar.ts, because only one place knows time zones. Sums leave as text: JSON readers round beyond
 * 2^53. A key's buckets leave as columns, a fifth of what rows with their names would be.
 */
function select(question: Question): Read {
  return reading(sql`
  (select coalesce(json_agg(by_key), '[]'::json) from (
    select key, json_agg(bucket) as buckets, json_agg(sum::text) as sums, json_agg(count) as counts, json_agg(min) as mins,
      json_agg(max) as maxs, floor(extract(epoch from max(updated_at)) * 1000) as updated_ms
    from (${addedUp(question, SUMS)}) as by_bucket
    group by key) as by_key) as counters,
  ${LEDGER}, ${coarseDays(question.span)} as coarse`)
}

const CELL = sql`sum(sum) as sum, sum(count) as count, min(min) as min, max(max) as max, max(updated_at) as updated_at`

const SUMS = { ofRows: CELL, ofPieces: CELL }

/** As `select`, without the rows that are no cells, of which it names one for each bucket that has any. */
function carefulSelect(question: Question): Read {
  return reading(sql`
  (select coalesce(json_agg(by_bucket), '[]'::json) from (
    select key, bucket, trunc(sum)::text as sum, count, min, max,
      floor(extract(epoch from updated_at) * 1000) as updated_ms, unreadable
    from (${addedUp(question, CAREFUL_SUMS)}) as added_up) as by_bucket) as buckets,
  ${LEDGER}, ${coarseDays(question.span)} as coarse`)
}

const CAREFUL_SUMS = {
  ofRows: sql`sum(sum) filter (where ${IS_READABLE}) as sum, sum(count) filter (where ${IS_READABLE}) as count,
    min(min) filter (where ${IS_READABLE}) as min, max(max) filter (where ${IS_READABLE}) as max,
    max(updated_at) filter (where ${IS_READABLE}) as updated_at, min(${ROW_NAME}) filter (where not ${IS_READABLE}) as unreadable`,
  ofPieces: sql`${CELL}, min(unreadable) as unreadable`,
}

/** The rows that a read adds up, and what the rows of a bucket are added up by: `name` is made from columns of the tables. */
type Question = {
  readonly span: Span
  readonly name: SQL
  readonly tables: readonly Table[]
  readonly where: SQL
}

/** Adds up rows by key and bucket: those of each piece, and then the pieces, if there are several. */
function addedUp(
  { span, name, tables, where }: Question,
  sums: { readonly ofRows: SQL; readonly ofPieces: SQL },
): SQL {
  const { cover, pieces } = piecesOf(span, tables, where)
  const all = pieces.map(
    ({ found, isAsked }) =>
      sql`select ${name} as key, ${BUCKET} as bucket, ${sums.ofRows} from ${found} where ${isAsked} group by 1, 2`,
  )
  if (all.length === 1) return sql`${cover ?? sql``} ${unionAll(all)}`
  return sql`${cover} select key, bucket, ${sums.ofPieces} from (${unionAll(all)}) as piece group by 1, 2`
}

/** @param name what the rows of a bucket are added up by, made from columns of the tables. @param where a condition on keys. */
export function statements(reach: Reach, name: SQL, tables: readonly Table[], where: SQL): Statements {
  const span = { reach, ...RANGE }
  const question = { span, name, tables, where }
  return { usual: select(question), careful: () => carefulSelect(question) }
}

export const COUNTERS = {
  name: 'counters',
  columns: sql`key, sum, count, min, max, updated_at`,
} as const

/** A condition that is true of the keys that are read. */
export const OF_KEYS_ASKED = sql`key = any(${sql.placeholder('keys')}::text[])`

const ofKeys = (reach: Reach) => statements(reach, sql`key`, [COUNTERS], OF_KEYS_ASKED)

const OF_KEYS = { young: ofKeys('young'), hours: ofKeys('hours'), days: ofKeys('days') }
