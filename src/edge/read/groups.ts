import { GROUP_SUMS_READ_MAX, GROUPS_READ_MAX } from '../../limits.ts'
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
import { compareBytes } from '../../model/text/utf8.ts'
import { invalid } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Database, Shards } from '../ports.ts'
import type { CounterAnswer, SubjectAnswer } from './answers.ts'
import type { BucketedRange, Found, ReadSource } from './found.ts'
import { bucketCellsOf, cellsOf, findAll, heldOf, readingOf, shownPart } from './found.ts'
import type { GroupingQuery } from './grouping.ts'
import type { KnownWriters } from './known-writers.ts'
import type { ReadingQuery } from './query.ts'
export type GroupServices = {
  readonly database: Pick<Database, 'readGroups'>
  readonly shards: Pick<Shards, 'unsettledGroups'>
  readonly known?: KnownWriters | undefined
}

/** A source that is read by groups: keys, each by itself, or all keys under a prefix together. */
type GroupedSource = Pick<ReadSource, 'shardsOfHour'> & {
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
  { services: { database, shards, known }, subjects, shardsOfHour, heldOf, rows }: GroupedSource,
): Promise<Result<SubjectAnswer[], Problem>> {
  const found = await findAll(query, nowMs, {
    shardsOfHour,
    ask: async ({ shard, keys }) => {
      const groups = await shards.unsettledGroups(shard, heldOf(keys), grouping)
      return groups.map(({ name, unsettled }) => [name, unsettled])
    },
    known,
    readRows: (asked) => database.readGroups({ ...asked, ...rows, ...grouping }),
  })
  if (!found.ok) return fail(found.error)
  const { value } = found
  if (value.read.committed.isTooMuch === true) return invalid('by', TOO_MUCH)
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

const TOO_MUCH =
  `has more than ${GROUPS_READ_MAX} values in these hours, or more than ${GROUP_SUMS_READ_MAX} of them by bucket: ask for fewer hours, ` +
  'a larger `bucket`, or add a `where`'

type Groups = Required<Pick<CounterAnswer, 'groups' | 'others' | 'unlabelled' | 'overflow'>>

/** Buckets are made for the groups that are shown alone, because a label may have very many values. [I5] */
function groupsOf(found: Found, subject: string, values: readonly string[], limit: number): Groups {
  const all = rankedGroups(found, subject, values)
  const rest = all.slice(limit).map(({ name }) => name)
  const part = (names: readonly string[]) => ({
    ...compared(found, (period) => shownPart(found, cellsOfAll(found, names, period), period)),
    unsettled: heldOf(found, names),
  })
  const unlabelled = groupName(subject, UNLABELLED_GROUP)
  return {
    groups: all.slice(0, limit).map(({ value, name }) => ({ value, ...part([name]) })),
    others: { groups: rest.length, ...part(rest) },
    unlabelled: {
      ...compared(found, (period) => plainPart(found, cellsOf(found, unlabelled, period), period)),
      unsettled: heldOf(found, [unlabelled])?.map(plainBucket) ?? null,
    },
    overflow: part([groupName(subject, OVERFLOW_GROUP)]),
  }
}

/**
 * The groups that have anything, the largest first. One that only the time before has comes after those of the range that are
 * larger than nothing, so that what has ended is seen where there is room.
 */
function rankedGroups(found: Found, subject: string, values: readonly string[]) {
  const all = values.flatMap((value) => {
    const name = groupName(subject, groupOf(value))
    const total = totalOf(found, name, found.current)
    const before = found.previous === null ? EMPTY_CELL : totalOf(found, name, found.previous)
    // The hours between the two ranges may have others.
    return total.count + before.count === 0 ? [] : [{ value, name, sum: total.sum, before: before.sum }]
  })
  return all.sort(
    (a, b) => descending(a.sum, b.sum) || descending(a.before, b.before) || compareBytes(a.value, b.value),
  )
}

function totalOf(found: Found, name: string, period: BucketedRange): Cell {
  let total = EMPTY_CELL
  for (const [, cell] of bucketCellsOf(found, name, period)) total = mergeCells(total, cell)
  return total
}

/** The cells of several names together, by bucket. */
function cellsOfAll(found: Found, names: readonly string[], period: BucketedRange): Cell[] {
  const cells = period.buckets.map(() => EMPTY_CELL)
  for (const name of names) {
    for (const [i, cell] of bucketCellsOf(found, name, period)) {
      cells[i] = mergeCells(cells[i] ?? EMPTY_CELL, cell)
    }
  }
  return cells
}

/** A part of the answer, and where it is compared, of the time before too. */
function compared<P>(
  { current, previous }: Found,
  partOf: (period: BucketedRange) => P,
): P & { previous?: P } {
  return { ...partOf(current), ...(previous === null ? {} : { previous: partOf(previous) }) }
}

/** The part that has no smallest and largest value. */
function plainPart(found: Found, cells: readonly Cell[], period: BucketedRange) {
  const { total, buckets } = shownPart(found, cells, period)
  return { total: { sum: total.sum, count: total.count }, buckets: buckets.map(plainBucket) }
}

function plainBucket({ start, sum, count }: { readonly start: string } & Pick<Cell, 'sum' | 'count'>) {
  return { start, sum, count }
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
