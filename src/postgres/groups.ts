import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { READ_MS_MAX } from '../limits.ts'
import type { Cell } from '../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../model/cell.ts'
import type { Hour } from '../model/hour.ts'
import { formatHourStart } from '../model/hour.ts'
import type {
  CommittedCounter,
  CommittedRead,
  GroupRows,
  LabelItem,
  ListLabels,
  ReadGroups,
} from '../model/read.ts'
import type { SliceGrouping, Where } from '../model/slices/grouping.ts'
import {
  groupName,
  OVERFLOW_GROUP,
  parseGroupName,
  takesUnlabelled,
  UNLABELLED_GROUP,
} from '../model/slices/grouping.ts'
import { LABEL_MARK, OVERFLOW_LABEL } from '../model/slices/slice.ts'
import type { Postgres } from './driver/session.ts'
import { reader } from './execute.ts'
import { inRange, unionAll } from './list-sql.ts'
import { WHOLE } from './readable.ts'
import { IN_HOURS, rowsReader, statements } from './reader.ts'
import { listing } from './statement.ts'

/** Slices that do not count. What carried no labels is found by subtraction, so their sums are needed too. */
const OTHER_GROUP = '~'

/** Reads slices by groups, the sums of the keys, and the ledger in one statement, so that all are of the same instant. */
export function createGroupsReader(postgres: Postgres): ReadGroups {
  const read = rowsReader(postgres)
  return async (query) => {
    const { by, where } = query
    const grouping = { by, where }
    const keys = 'keys' in query ? { keys: query.keys } : {}
    const found = await read(query, statements(sql`subject`, rowsOf(query, grouping)), keys)
    return { ...found, counters: withRemainders(found.counters, grouping) }
  }
}

function rowsOf(rows: GroupRows, grouping: SliceGrouping): SQL {
  const subject = 'keys' in rows ? sql`key` : sql`${rows.name}::text`
  const name = sql`concat(${subject}, ${LABEL_MARK}::text, ${groupSql(grouping)})`
  const columns = sql`hour, sum, count, min, max, updated_at`
  const parts = conditionsOf(rows).flatMap((condition) => [
    sql`select key, ${subject} as subject, ${columns} from sumdial.counters where ${condition} and ${IN_HOURS}`,
    sql`select key, ${name} as subject, ${columns} from sumdial.slices where ${condition} and ${IN_HOURS}`,
  ])
  return sql`(${unionAll(parts)}) as found`
}

function conditionsOf(rows: GroupRows): SQL[] {
  if ('keys' in rows) return [sql`key = any(${sql.placeholder('keys')}::text[])`]
  return rows.ranges.map((range) => inRange(range, null))
}

/** The name of the group that a row of `slices` counts in. It decides as `groupOfSlice` does. */
function groupSql({ by, where }: SliceGrouping): SQL {
  const counts = where.length === 0 ? sql`true` : sql.join(where.map(conditionOf), sql` and `)
  const overflow = where.length === 0 ? OVERFLOW_GROUP : OTHER_GROUP
  const value =
    by === null ? sql`${UNLABELLED_GROUP}::text` : sql`coalesce('=' || (labels ->> ${by}::text), '')`
  return sql`case when labels ? ${OVERFLOW_LABEL}::text then ${overflow}::text
    when ${counts} then ${value} else ${OTHER_GROUP}::text end`
}

function conditionOf({ name, values }: Where): SQL {
  const some = values.filter((value) => value !== null)
  const own = sql`labels ->> ${name}::text`
  const isOne = sql`coalesce(${own} = any(${sql.param(some)}::text[]), false)`
  return values.includes(null) ? sql`(${own} is null or ${isOne})` : isOne
}

/**
 * Puts what carried no labels into its group: the sum of a key less those of its slices. It has no minimum and maximum of its
 * own, so that these are not a number. [L1]
 */
function withRemainders(
  counters: CommittedRead['counters'],
  grouping: SliceGrouping,
): Map<string, CommittedCounter> {
  const found = new Map<string, CommittedCounter>()
  const bySubject = groupsBySubject(counters)
  for (const [subject, total] of counters) {
    if (parseGroupName(subject) !== undefined) continue
    const groups = bySubject.get(subject) ?? new Map<string, CommittedCounter>()
    const remainder = remainderOf(total, groups)
    if (takesUnlabelled(grouping) && remainder.size > 0) {
      const own = groups.get(UNLABELLED_GROUP)?.cells ?? new Map()
      const { lastFlushMs } = total
      groups.set(UNLABELLED_GROUP, { cells: added([own, remainder]), lastFlushMs })
    }
    groups.delete(OTHER_GROUP)
    for (const [group, counter] of groups) found.set(groupName(subject, group), counter)
    found.set(subject, grouping.where.length === 0 ? total : sumOf([...groups.values()]))
  }
  return found
}

function groupsBySubject(counters: CommittedRead['counters']): Map<string, Map<string, CommittedCounter>> {
  const subjects = new Map<string, Map<string, CommittedCounter>>()
  for (const [name, counter] of counters) {
    const parsed = parseGroupName(name)
    if (parsed === undefined) continue
    const groups = subjects.get(parsed.subject) ?? new Map<string, CommittedCounter>()
    subjects.set(parsed.subject, groups.set(parsed.group, counter))
  }
  return subjects
}

type CellsByHour = ReadonlyMap<Hour, Cell>

/** The cells of a subject less those of its groups, each looked at once. */
function remainderOf(total: CommittedCounter, groups: ReadonlyMap<string, CommittedCounter>): CellsByHour {
  const left = new Map(Array.from(total.cells, ([hour, { sum, count }]) => [hour, { sum, count }]))
  for (const { cells } of groups.values()) {
    for (const [hour, cell] of cells) {
      const { sum, count } = left.get(hour) ?? EMPTY_CELL
      left.set(hour, { sum: sum - cell.sum, count: count - cell.count })
    }
  }
  const remainder = new Map<Hour, Cell>()
  for (const [hour, { sum, count }] of left) {
    if (count !== 0 || sum !== 0n) remainder.set(hour, { sum, count, min: Number.NaN, max: Number.NaN })
  }
  return remainder
}

function added(parts: readonly CellsByHour[]): CellsByHour {
  const all = new Map<Hour, Cell>()
  for (const cells of parts) {
    for (const [hour, cell] of cells) all.set(hour, mergeCells(all.get(hour) ?? EMPTY_CELL, cell))
  }
  return all
}

function sumOf(counters: readonly CommittedCounter[]): CommittedCounter {
  let lastFlushMs: number | null = null
  for (const counter of counters) {
    if (counter.lastFlushMs !== null) lastFlushMs = Math.max(lastFlushMs ?? 0, counter.lastFlushMs)
  }
  return { cells: added(counters.map(({ cells }) => cells)), lastFlushMs }
}

/** Lists the names of labels and their largest values, in one statement, which ends after READ_MS_MAX. */
export function createLabelLister(postgres: Postgres): ListLabels {
  const read = reader(postgres, READ_MS_MAX)
  return async ({ ranges, from, to, names, values }) => {
    if (from >= to) return []
    const hours = sql`hour >= ${formatHourStart(from)}::timestamptz and hour < ${formatHourStart(to)}::timestamptz`
    const rows = ranges.map(
      (range) =>
        sql`select labels, sum, count, updated_at from sumdial.slices where ${inRange(range, null)} and ${hours}`,
    )
    const statement = sql`select name, max(among) as among, max(counted)::text as counted,
  json_agg(json_build_object('value', value, 'sum', sum::text, 'count', count) order by place)
    filter (where place <= ${values}::int) as largest,
  floor(extract(epoch from max(updated_at)) * 1000) as last_flush_ms
from (
  select name, value, sum, count, updated_at, count(*) over (partition by name) as among,
    sum(count) over (partition by name) as counted,
    row_number() over (partition by name order by sum desc, value collate "C") as place
  from (
    select label.key as name, label.value, sum(sum) as sum, sum(count)::bigint as count, max(updated_at) as updated_at
    from (${unionAll(rows)}) as found cross join lateral jsonb_each_text(labels) as label
    where label.key <> ${OVERFLOW_LABEL}
    group by 1, 2) as by_value) as placed
group by name order by name collate "C" limit ${names}::int`
    return labelsSchema.parse(await read(listing(statement))).items
  }
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

const labelsSchema = z.object({ items: z.array(labelSchema) })
