import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { formatHourStart } from '../model/hour.ts'
import type { LabelItem, LabelsQuery, ListLabels } from '../model/read.ts'
import { type Reach, reachOf } from '../model/rollups/reach.ts'
import { OVERFLOW_LABEL } from '../model/slices/slice.ts'
import type { Postgres } from './driver/session.ts'
import type { Ask } from './execute.ts'
import { inRanges, unionAll } from './key-ranges.ts'
import { IS_READABLE, rowNamesSchema, rowNamesSql, WHOLE } from './readable.ts'
import { reaching } from './rollups/reaching.ts'
import { coarseIfFew, coarseSchema, piecesOf, type Span } from './rollups/segments.ts'
import { listing } from './statement.ts'
import { ALONE, orTooSlow } from './too-slow.ts'

/**
 * Lists the names of labels and their largest values, in one statement, and first what overflowed. Only when its answer has
 * what is no item, it asks again without the rows that make it so, and for their names.
 */
export function createLabelLister(postgres: Postgres, times = ALONE): ListLabels {
  return async (query) => {
    const { from, to } = query
    if (from >= to) return { items: [], overflow: null, unreadable: [], coarse: [] }
    const answered = async (reach: Reach, read: Ask) => {
      const span = {
        reach,
        from: sql`${formatHourStart(from)}::timestamptz`,
        to: sql`${formatHourStart(to)}::timestamptz`,
        bounds: null,
      }
      const { items, unreadable, coarse } = await foundIn(query, span, read)
      const named = items.filter(({ name }) => name !== OVERFLOW_LABEL)
      const overflow = items.find(({ name }) => name === OVERFLOW_LABEL) ?? null
      return { items: named.slice(0, query.names), overflow, unreadable, coarse }
    }
    const reach = reachOf([from], to, postgres.clock.now())
    return await orTooSlow(postgres, times, 'labels', (read) =>
      reaching(reach, (found) => answered(found, read)),
    )
  }
}

async function foundIn(query: LabelsQuery, span: Span, read: Ask) {
  const coarse = coarseIfFew(span)
  const usual = answerSchema.safeParse(await read(listing(labelsSql(query, span), coarse)))
  if (usual.success) return { ...usual.data, unreadable: [] }
  const careful = answerSchema.parse(await read(listing(labelsSql(query, span, true), coarse)))
  const names = unreadableAnswerSchema.parse(await read(listing(unreadableSql(query, span), coarse)))
  return { ...careful, unreadable: names.items }
}

const COLUMNS = sql`key, labels, sum, count, min, max, updated_at`

function slicesIn({ ranges }: LabelsQuery, span: Span, more: SQL) {
  return piecesOf(span, [{ name: 'slices', columns: COLUMNS }], sql`${inRanges(ranges)} and ${more}`)
}

/** Names one unreadable slice of each key that has one. */
function unreadableSql(query: LabelsQuery, span: Span): SQL {
  const { cover, pieces } = slicesIn(query, span, sql`not ${IS_READABLE}`)
  const rows = pieces.map(({ found, isAsked }) => sql`select key, hour from ${found} where ${isAsked}`)
  return sql`${cover ?? sql``} ${rowNamesSql(sql`(${unionAll(rows)}) as piece`)}`
}

/**
 * Rows are added up by their sets of labels first, because a set is taken apart in more time than it takes to add up its row.
 *
 * @param isCareful whether it leaves out rows that are no cells. See readable.ts.
 */
function labelsSql(query: LabelsQuery, span: Span, isCareful = false): SQL {
  const { names, values } = query
  const { cover, pieces } = slicesIn(query, span, isCareful ? IS_READABLE : sql`true`)
  // Whole sums, also of rows that somebody wrote as 2.0.
  const own = isCareful ? sql`trunc(sum)` : sql`sum`
  const bySet = pieces.map(
    ({ found, isAsked }) =>
      sql`select labels, sum(${own}) as sum, sum(count) as count, max(updated_at) as updated_at from ${found} where ${isAsked} group by 1`,
  )
  return sql`select name, max(among) as among, max(counted)::text as counted,
  json_agg(json_build_object('value', value, 'sum', sum::text, 'count', count) order by place)
    filter (where place <= ${values}::int) as largest,
  floor(extract(epoch from max(updated_at)) * 1000) as last_flush_ms
from (
  select name, value, sum, count, updated_at, count(*) over (partition by name) as among,
    sum(count) over (partition by name) as counted,
    row_number() over (partition by name order by sum desc, value collate "C") as place
  from (
    ${cover ?? sql``} select label.name, label.value, sum(sum) as sum, sum(count)::bigint as count, max(updated_at) as updated_at
    from (${unionAll(bySet)}) as piece cross join lateral jsonb_each_text(labels) as label (name, value)
    group by 1, 2) as by_value) as placed
group by name order by name <> ${OVERFLOW_LABEL}, name collate "C" limit ${names}::int + 1`
}

const labelSchema = z
  .object({
    name: z.string(),
    among: z.int(),
    counted: z.coerce.number().pipe(z.int()),
    largest: z.array(
      z.object({ value: z.string(), sum: z.string().regex(WHOLE).transform(BigInt), count: z.int() }),
    ),
    last_flush_ms: z.number(),
  })
  .transform(
    ({ name, among, counted, largest, last_flush_ms }): LabelItem => ({
      name,
      values: among,
      count: counted,
      largest,
      lastFlushMs: last_flush_ms,
    }),
  )

const answerSchema = z.object({ items: z.array(labelSchema), coarse: coarseSchema })

/** Days may have changed since the statement before, so that many hours would have to be read. */
const unreadableAnswerSchema = rowNamesSchema.extend({ coarse: coarseSchema })
