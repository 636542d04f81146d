import { type SQL, sql } from 'drizzle-orm'
import { GROUP_SUMS_READ_MAX, GROUPS_READ_MAX } from '../limits.ts'
import type { Cell } from '../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../model/cell.ts'
import type { Hour } from '../model/hour.ts'
import type { CommittedCounter, CommittedRead, GroupRows, ReadGroups } from '../model/read.ts'
import type { Reach } from '../model/rollups/reach.ts'
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
import { inRanges } from './key-ranges.ts'
import { type AnswerBounds, COUNTERS, OF_KEYS_ASKED, statements } from './read-sql.ts'
import { rowsReader } from './reader.ts'
import type { Table } from './rollups/segments.ts'
import { SHARED } from './too-slow.ts'

/** Slices that do not count. What carried no labels is found by subtraction, so their sums are needed too. */
const OTHER_GROUP = '~'

/** Reads slices by groups, the sums of the keys, and the ledger in one statement, so that all are of the same instant. */
export function createGroupsReader(postgres: Postgres, atMost = AT_MOST): ReadGroups {
  const read = rowsReader(postgres, 'groups', SHARED)
  return async (query) => {
    const { by, where } = query
    const grouping = { by, where }
    const keys = 'keys' in query ? { keys: query.keys } : {}
    const tables = tablesOf(query, grouping)
    const isAsked = 'keys' in query ? OF_KEYS_ASKED : inRanges(query.ranges)
    const statementsFor = (reach: Reach) =>
      statements(reach, sql`subject`, tables, isAsked, query.gap, atMost)
    const found = await read(query, statementsFor, keys)
    if (isBeyond(found.counters, atMost)) return { ...found, counters: new Map(), isTooMuch: true }
    return { ...found, counters: withRemainders(found.counters, grouping) }
  }
}

const AT_MOST: AnswerBounds = { names: GROUPS_READ_MAX, buckets: GROUP_SUMS_READ_MAX }

function isBeyond(counters: CommittedRead['counters'], { names, buckets }: AnswerBounds): boolean {
  let sums = 0
  for (const { cells } of counters.values()) sums += cells.size
  return counters.size > names || sums > buckets
}

function tablesOf(rows: GroupRows, grouping: SliceGrouping): Table[] {
  const subject = 'keys' in rows ? sql`key` : sql`${rows.name}::text`
  const name = sql`concat(${subject}, ${LABEL_MARK}::text, ${groupSql(grouping)})`
  return [
    { name: 'counters', columns: sql`${COUNTERS.columns}, ${subject} as subject` },
    { name: 'slices', columns: sql`${COUNTERS.columns}, ${name} as subject` },
  ]
}

/** The name of the group that a row of `slices` counts in. It decides as `groupOfSlice` does. */
function groupSql({ by, where }: SliceGrouping): SQL {
  const overflow = where.length === 0 ? OVERFLOW_GROUP : OTHER_GROUP
  const value =
    by === null ? sql`${UNLABELLED_GROUP}::text` : sql`coalesce('=' || (labels ->> ${by}::text), '')`
  return sql`case when labels ? ${OVERFLOW_LABEL}::text then ${overflow}::text
    when ${meets(where)} then ${value} else ${OTHER_GROUP}::text end`
}

/** Whether a row of `slices` meets all conditions. */
export function meets(where: readonly Where[]): SQL {
  return where.length === 0 ? sql`true` : sql.join(where.map(conditionOf), sql` and `)
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
