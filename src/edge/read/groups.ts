import type { Cell } from '../../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../../model/cell.ts'
import type { GroupRows, GroupSubjects } from '../../model/read.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import {
  groupName,
  groupOf,
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
import { cellsOf, findAll, partsOf, readingOf, shownBuckets, startOf } from './found.ts'
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
  const { value } = found
  if (grouping.by === null) return ok(subjects.map((subject) => readingOf(value, subject)))
  const { by } = grouping
  const values = valuesBySubject(value)
  return ok(
    subjects.map((subject) => ({
      ...readingOf(value, subject),
      by,
      ...groupsOf(value, subject, [...(values.get(subject) ?? [])], limit),
    })),
  )
}

type Groups = Required<Pick<CounterAnswer, 'groups' | 'others' | 'unlabelled' | 'overflow'>>

/** Buckets are made for the groups that are shown alone, because a label may have very many values. [I5] */
function groupsOf(found: Found, subject: string, values: readonly string[], limit: number): Groups {
  const all = values.map((value) => {
    const name = groupName(subject, groupOf(value))
    let total = EMPTY_CELL
    for (const [, cell] of partsOf(found, name)) total = mergeCells(total, cell)
    return { value, name, sum: total.sum }
  })
  all.sort((a, b) => descending(a.sum, b.sum) || (a.value < b.value ? -1 : 1))
  const rest = all.slice(limit)
  const others = found.grid.buckets.map(() => EMPTY_CELL)
  for (const { name } of rest) {
    for (const [i, cell] of partsOf(found, name)) others[i] = mergeCells(others[i] ?? EMPTY_CELL, cell)
  }
  const shown = (cells: readonly Cell[]) => ({
    total: sumsOf(cells.reduce(mergeCells, EMPTY_CELL)),
    buckets: shownBuckets(
      found,
      cells.map((cell, i) => ({ start: startOf(found, i), ...sumsOf(cell) })),
    ),
  })
  const unlabelled = cellsOf(found, groupName(subject, UNLABELLED_GROUP))
  const { sum, count } = unlabelled.reduce(mergeCells, EMPTY_CELL)
  return {
    groups: all.slice(0, limit).map(({ value, name }) => ({ value, ...shown(cellsOf(found, name)) })),
    others: { groups: rest.length, ...shown(others) },
    unlabelled: {
      total: { sum, count },
      buckets: shownBuckets(
        found,
        unlabelled.map(({ sum, count }, i) => ({ start: startOf(found, i), sum, count })),
      ),
    },
    overflow: shown(cellsOf(found, groupName(subject, OVERFLOW_GROUP))),
  }
}

/** The values that each subject has groups of, in Postgres or in shards. */
function valuesBySubject({ read }: Found): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>()
  for (const names of [read.committed.counters.keys(), read.unsettled?.keys() ?? []]) {
    for (const name of names) {
      const parsed = parseGroupName(name)
      const value = parsed === undefined ? undefined : valueOfGroup(parsed.group)
      if (parsed === undefined || value === undefined) continue
      values.set(parsed.subject, (values.get(parsed.subject) ?? new Set()).add(value))
    }
  }
  return values
}

function descending(a: bigint, b: bigint): number {
  return a === b ? 0 : a > b ? -1 : 1
}
