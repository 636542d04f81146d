import type { Cell } from '../../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../../model/cell.ts'
import type { GroupRows, GroupSubjects } from '../../model/read.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import {
  groupName,
  OVERFLOW_GROUP,
  parseGroupName,
  UNLABELLED_GROUP,
  valueOfGroup,
} from '../../model/slices/grouping.ts'
import type { Problem } from '../http/problem.ts'
import type { Database, Shards } from '../ports.ts'
import type { CounterAnswer } from './answers.ts'
import { sumsOf } from './answers.ts'
import type { Found, Reading, Source } from './found.ts'
import { cellsOf, findAll, readingOf, startOf } from './found.ts'
import type { GroupingQuery } from './grouping.ts'
import type { ReadingQuery } from './query.ts'
export type GroupServices = {
  readonly database: Pick<Database, 'readGroups'>
  readonly shards: Pick<Shards, 'unsettledGroups'>
}

/** A source that is read by groups: keys, each by itself, or all keys under a prefix together. */
export type GroupedSource = Pick<Source, 'shardsOf'> & {
  readonly services: GroupServices
  readonly subjects: readonly string[]
  /** The subjects among some of them, as a shard is asked for them. */
  readonly heldOf: (subjects: readonly string[]) => GroupSubjects
  readonly rows: GroupRows
}

/** Reads each subject by groups of its slices, in their order. What is shown adds up to the total. [R1] [L1] */
export async function readGroups(
  query: ReadingQuery,
  { grouping, limit }: GroupingQuery,
  nowMs: number,
  { services: { database, shards }, subjects, shardsOf, heldOf, rows }: GroupedSource,
): Promise<Result<Reading[], Problem>> {
  const found = await findAll(query, nowMs, {
    shardsOf,
    ask: async ({ shard, keys }) => {
      const groups = await shards.unsettledGroups(shard, heldOf(keys), grouping)
      return groups.map(({ name, unsettled }) => [name, unsettled])
    },
    readRows: (asked) => database.readGroups({ ...asked, ...rows, ...grouping }),
  })
  if (!found.ok) return fail(found.error)
  return ok(
    subjects.map((subject) => ({
      ...readingOf(found.value, subject),
      ...(grouping.by === null ? {} : { by: grouping.by, ...groupsOf(found.value, subject, limit) }),
    })),
  )
}

type Groups = Required<Pick<CounterAnswer, 'groups' | 'others' | 'unlabelled' | 'overflow'>>

function groupsOf(found: Found, subject: string, limit: number): Groups {
  const all = valuesOf(found, subject).map((value) => {
    const cells = cellsOf(found, groupName(subject, `=${value}`))
    return { value, cells, total: cells.reduce(mergeCells, EMPTY_CELL) }
  })
  all.sort((a, b) => descending(a.total.sum, b.total.sum) || (a.value < b.value ? -1 : 1))
  const rest = all.slice(limit)
  const others = found.grid.buckets.map((_, i) =>
    rest.map(({ cells }) => cells[i] ?? EMPTY_CELL).reduce(mergeCells, EMPTY_CELL),
  )
  const shown = (cells: readonly Cell[]) => ({
    total: sumsOf(cells.reduce(mergeCells, EMPTY_CELL)),
    buckets: cells.map((cell, i) => ({ start: startOf(found, i), ...sumsOf(cell) })),
  })
  const unlabelled = cellsOf(found, groupName(subject, UNLABELLED_GROUP))
  const { sum, count } = unlabelled.reduce(mergeCells, EMPTY_CELL)
  return {
    groups: all.slice(0, limit).map(({ value, cells }) => ({ value, ...shown(cells) })),
    others: { groups: rest.length, ...shown(others) },
    unlabelled: {
      total: { sum, count },
      buckets: unlabelled.map((cell, i) => ({ start: startOf(found, i), sum: cell.sum, count: cell.count })),
    },
    overflow: shown(cellsOf(found, groupName(subject, OVERFLOW_GROUP))),
  }
}

/** The values that a subject has groups of, in Postgres or in shards. */
function valuesOf({ read }: Found, subject: string): string[] {
  const names = [...read.committed.counters.keys(), ...(read.unsettled?.keys() ?? [])]
  const values = names.flatMap((name) => {
    const parsed = parseGroupName(name)
    return parsed?.subject === subject ? (valueOfGroup(parsed.group) ?? []) : []
  })
  return [...new Set(values)]
}

function descending(a: bigint, b: bigint): number {
  return a === b ? 0 : a > b ? -1 : 1
}
