import { type SQL, sql } from 'drizzle-orm'
import { formatHourStart, type HourRange } from '../model/hour.ts'
import type { Reach } from '../model/rollups/reach.ts'
import { unionAll } from './key-ranges.ts'
import { IS_READABLE, ROW_NAME } from './readable.ts'
import {
  bucketAt,
  coarseDays,
  coarseIfFew,
  piecesOf,
  piecesOfKeys,
  type Span,
  type Table,
} from './rollups/segments.ts'
import { type Read, reading } from './statement.ts'

/** The statement of a read, and the one to ask when its answer cannot be read. */
export type Statements = { readonly usual: Read; readonly careful: () => Read }

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
    group by key${limitOf(question.atMost?.names)}) as by_key) as counters,
  ${LEDGER}, ${coarseSql(question)} as coarse`)
}

const CELL = sql`sum(sum) as sum, sum(count) as count, min(min) as min, max(max) as max, max(updated_at) as updated_at`

const SUMS = { ofRows: CELL, ofPieces: CELL }

/** Asks what `select` asks, without the rows that are no cells, of which it names one for each bucket that has any. */
function carefulSelect(question: Question): Read {
  return reading(sql`
  (select coalesce(json_agg(by_bucket), '[]'::json) from (
    select key, bucket, trunc(sum)::text as sum, count, min, max,
      floor(extract(epoch from updated_at) * 1000) as updated_ms, unreadable
    from (${addedUp(question, CAREFUL_SUMS)}) as added_up) as by_bucket) as buckets,
  ${LEDGER}, ${coarseSql(question)} as coarse`)
}

const CAREFUL_SUMS = {
  ofRows: sql`sum(sum) filter (where ${IS_READABLE}) as sum, sum(count) filter (where ${IS_READABLE}) as count,
    min(min) filter (where ${IS_READABLE}) as min, max(max) filter (where ${IS_READABLE}) as max,
    max(updated_at) filter (where ${IS_READABLE}) as updated_at, min(${ROW_NAME}) filter (where not ${IS_READABLE}) as unreadable`,
  ofPieces: sql`${CELL}, min(unreadable) as unreadable`,
}

/** The most names that an answer has, and the most buckets over all of them. One more of either shows that there are more. */
export type AnswerBounds = { readonly names: number; readonly buckets: number }

function limitOf(max: number | undefined): SQL {
  return max === undefined ? sql`` : sql` limit ${max}::int + 1`
}

/** The rows that a read adds up, and what the rows of a bucket are added up by: `name` is made from columns of the tables. */
type Question = {
  readonly span: Span
  readonly name: SQL
  readonly tables: readonly Table[]
  readonly where: SQL
  readonly isOfKeys: boolean
  readonly atMost: AnswerBounds | undefined
}

/** A read of few keys finds many hours as well as few. */
function coarseSql({ span, isOfKeys }: Question): SQL {
  return isOfKeys ? coarseDays(span) : coarseIfFew(span)
}

/** Adds up rows by key and bucket: those of each piece, and then the pieces, if there are several. */
function addedUp(
  { span, name, tables, where, isOfKeys, atMost }: Question,
  sums: { readonly ofRows: SQL; readonly ofPieces: SQL },
): SQL {
  const { cover, pieces } = isOfKeys ? piecesOfKeys(span, tables, where) : piecesOf(span, tables, where)
  const all = pieces.map(
    ({ found, isAsked }) =>
      sql`select ${name} as key, ${BUCKET} as bucket, ${sums.ofRows} from ${found} where ${isAsked} group by 1, 2`,
  )
  const limit = limitOf(atMost?.buckets)
  if (all.length === 1) return sql`${cover ?? sql``} ${unionAll(all)}${limit}`
  return sql`${cover} select key, bucket, ${sums.ofPieces} from (${unionAll(all)}) as piece group by 1, 2${limit}`
}

/**
 * @param name what the rows of a bucket are added up by, made from columns of the tables.
 * @param keys a condition on keys: OF_KEYS_ASKED for few.
 * @param gap hours within the range that are not read.
 */
export function statements(
  reach: Reach,
  name: SQL,
  tables: readonly Table[],
  keys: SQL,
  gap: HourRange | undefined,
  atMost: AnswerBounds | undefined = undefined,
): Statements {
  const span = { reach, ...RANGE }
  const where = gap === undefined ? keys : sql`${keys} and ${outside(gap)}`
  const question = { span, name, tables, where, isOfKeys: keys === OF_KEYS_ASKED, atMost }
  return { usual: select(question), careful: () => carefulSelect(question) }
}

function outside({ from, to }: HourRange): SQL {
  return sql`not (hour >= ${formatHourStart(from)}::timestamptz and hour < ${formatHourStart(to)}::timestamptz)`
}

export const COUNTERS = {
  name: 'counters',
  columns: sql`key, sum, count, min, max, updated_at`,
} as const

/** A condition that is true of the keys that are read. */
export const OF_KEYS_ASKED = sql`key = any(${sql.placeholder('keys')}::text[])`

const ofKeys = (reach: Reach, gap?: HourRange) => statements(reach, sql`key`, [COUNTERS], OF_KEYS_ASKED, gap)

const OF_KEYS = {
  young: ofKeys('young'),
  hours: ofKeys('hours'),
  days: ofKeys('days'),
  mixed: ofKeys('mixed'),
}

/** The statements of a read of keys, which are made once, but for those of two periods with a gap between them. */
export function statementsOfKeys(reach: Reach, gap: HourRange | undefined): Statements {
  return gap === undefined ? OF_KEYS[reach] : ofKeys(reach, gap)
}
