import type { LabelList, List, ListItem } from '../../client/answers.ts'
import type { ReadQuery } from '../../client/read/reading.ts'
import { searchOf } from '../../client/read/search.ts'
import { HOUR_MS, hourStartMs } from '../../model/hour.ts'
import type { Unit } from '../../model/time/calendar.ts'
import type { Zone } from '../../model/time/zone.ts'
import type { Figures, ShownCounter } from './answers.ts'
import { askText, readingWith } from './api.ts'
import { beginningsOf, nearestOf } from './near.ts'
import { bucketsAtMost, hasBefore, hoursBefore, type Period, rangeAsked } from './period.ts'
import { inStep, measureOf, NONE, type Series, seriesOf } from './series.ts'
import { LIST_ITEMS_MAX, type Measure, PAGE_ROWS, type Shown } from './view.ts'

/** One answer for each key or prefix, in their order: all keys in one request, each prefix in its own. */
export async function readAnswers(
  shown: readonly Shown[],
  query: ReadQuery,
  signal?: AbortSignal,
): Promise<readonly ShownCounter[]> {
  const client = readingWith(signal)
  const names = (kind: Shown['kind']) => shown.filter((each) => each.kind === kind).map(({ name }) => name)
  const [ofKeys, ofPrefixes] = await Promise.all([
    client.readAll(names('key'), query),
    Promise.all(names('prefix').map((prefix) => client.readPrefix(prefix, query))),
  ])
  const [keys, prefixes] = [ofKeys.values(), ofPrefixes.values()]
  return shown.flatMap(({ kind }) => {
    const { value } = (kind === 'key' ? keys : prefixes).next()
    return value === undefined ? [] : [value]
  })
}

type SeriesQuery = {
  readonly shown: readonly Shown[]
  readonly period: Period
  readonly unit: Unit
  readonly zone: Zone
  /** Breaks each down by this label, and counts only what has these. */
  readonly label?: string | null
  readonly where?: readonly string[]
  /** Whether the time before is read too. */
  readonly isCompared: boolean
}

function readQueryOf(query: SeriesQuery) {
  const { shown, period, unit, zone, label = null, where = [] } = query
  const isCompared = query.isCompared && hasBefore(period) && fitsTwice(shown.length, period, unit)
  const grouping = label === null ? {} : { by: label, limit: groupsThatFit(period, unit, isCompared) }
  const compare = isCompared ? 'previous' : undefined
  return { ...rangeAsked(period, zone), bucket: unit, compare, where, ...grouping } as const
}

/** The API's own CSV of what is shown, which is one key or prefix. */
export function readCsv(query: SeriesQuery, { kind, name }: Shown, signal: AbortSignal): Promise<string> {
  const search = searchOf({ ...readQueryOf(query), [kind]: name })
  return askText(`/counters?${search}`, { headers: { accept: 'text/csv' }, signal })
}

/** The series of keys and prefixes, in their order, as fresh as can be. */
export async function readShown(query: SeriesQuery, signal: AbortSignal): Promise<Series[]> {
  const { shown, where = [] } = query
  const answers = await readAnswers(shown, readQueryOf(query), signal)
  return inStep(
    answers.flatMap((answer, i) => {
      const own = shown[i]
      return own === undefined ? [] : [seriesOf(answer, own, where)]
    }),
  )
}

/** Groups of a breakdown. Its table is to be taken in at a glance. */
const GROUPS_SHOWN = 10

/** The most buckets that the API answers with, and the parts that have some beside the groups: others, unlabelled, overflow. */
const [BUCKETS_MAX, OTHER_PARTS] = [10_000, 3]

/** Whether an answer has room for so many series and the time before them. */
export function fitsTwice(series: number, period: Period, unit: Unit): boolean {
  return series * bucketsAtMost(period, unit) * 2 <= BUCKETS_MAX
}

/** How many groups are asked for: fewer where an answer has no room for all their buckets. */
export function groupsThatFit(period: Period, unit: Unit, isCompared: boolean): number {
  return groupsOf(bucketsAtMost(period, unit) * (isCompared ? 2 : 1), GROUPS_SHOWN)
}

/** Groups of what the shards hold. All of them are wanted, because those that are shown may be the smallest of these. */
const GROUPS_HELD = 200

/** How many groups the shards are asked for, by the hour. */
export function groupsHeld(from: string, to: string): number {
  return groupsOf((Date.parse(to) - Date.parse(from)) / HOUR_MS, GROUPS_HELD)
}

function groupsOf(buckets: number, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(BUCKETS_MAX / buckets) - OTHER_PARTS))
}

type ShownLabelsQuery = { readonly shown: Shown; readonly period: Period; readonly zone: Zone }

/** The labels that a key or prefix has in a period, as Postgres has them. */
export async function readLabels(
  { shown: { kind, name }, period, zone }: ShownLabelsQuery,
  signal: AbortSignal,
): Promise<LabelList['labels']> {
  return (await readingWith(signal).labels({ [kind]: name, ...rangeAsked(period, zone) })).labels
}

type TotalQuery = {
  readonly key: string
  readonly period: Period
  readonly zone: Zone
  readonly isCompared: boolean
}

/** The total of one key in a period, and in the time before, as Postgres has them; undefined when it has none. */
export async function readKeyTotal(
  { key, period, zone, isCompared }: TotalQuery,
  signal: AbortSignal,
): Promise<{ readonly item: ListItem; readonly before: Figures | undefined } | undefined> {
  const compare = isCompared && hasBefore(period) ? 'previous' : undefined
  // A range with a name begins where a bucket begins, so it has none: that of 24 hours would be one of a month.
  const bucket = period.kind === 'days' ? 'month' : undefined
  const query = { ...rangeAsked(period, zone), bucket, compare, consistency: 'committed' } as const
  const { total, previous } = await readingWith(signal).read(key, query)
  const { sum, count, min, max } = total
  // An answer has no min and max when nothing was counted.
  if (min === null || max === null) return undefined
  return { item: { key, sum, count, min, max }, before: previous?.total }
}

type LargestQuery = {
  readonly prefix: string
  /** A text anywhere in the keys; all keys without it. */
  readonly contains?: string | undefined
  readonly period: Period
  readonly zone: Zone
  readonly by: Measure
  readonly limit: number
  readonly depth?: number
}

/** The largest keys or groups under a prefix, as Postgres has them. */
export function readLargest(query: LargestQuery, signal: AbortSignal): Promise<List> {
  const { prefix, contains, period, zone, by, limit, depth } = query
  const sort = by === 'sum' ? '-sum' : '-count'
  return readingWith(signal).list({ prefix, contains, ...rangeAsked(period, zone), sort, limit, depth })
}

type PageQuery = Omit<LargestQuery, 'limit'> & {
  readonly page: number
  readonly name: keyof typeof PAGE_ROWS
}

/** One page of the largest keys or groups: cut from all up to its end, because a list by size has no cursor. */
export async function readPageOfLargest(
  { page, name, ...query }: PageQuery,
  signal: AbortSignal,
): Promise<List & { readonly page: number; readonly hasMore: boolean }> {
  const end = page * PAGE_ROWS[name]
  const list = await readLargest({ ...query, limit: end + 1 }, signal)
  const items = list.items.slice(end - PAGE_ROWS[name], end)
  return { ...list, items, page, hasMore: list.items.length > end }
}

type BeforeQuery = Omit<LargestQuery, 'limit' | 'contains'>

/** Finds the sums of a group in the time before; undefined where they are not known. */
export type FindBefore = (group: string) => Figures | undefined

/** The largest groups of the time before. A group that is not among them had nothing, unless there were too many. */
export async function readBefore(
  { prefix, period, zone, by, depth }: BeforeQuery,
  signal: AbortSignal,
): Promise<FindBefore | undefined> {
  const hours = hoursBefore(period, zone, Date.now())
  if (hours === undefined) return undefined
  const range = { from: hourStartMs(hours.from), to: hourStartMs(hours.to) }
  const sort = by === 'sum' ? '-sum' : '-count'
  const { items } = await readingWith(signal).list({ prefix, ...range, sort, limit: LIST_ITEMS_MAX, depth })
  const sums = new Map(items.map((item) => [item.key, item]))
  return (group) => sums.get(group) ?? (items.length < LIST_ITEMS_MAX ? NONE : undefined)
}

/** Keys in a CSV file. More are 100 questions to Postgres, and more than a spreadsheet likes. */
export const CSV_KEYS_MAX = 100_000

type EveryQuery = Omit<LargestQuery, 'limit'>

/** All keys or groups under a prefix, the largest first, as Postgres has them. Past the bound the last by name are left out. */
export async function readEvery(
  { prefix, contains, period, zone, by, depth }: EveryQuery,
  signal: AbortSignal,
): Promise<{ readonly items: readonly ListItem[]; readonly isWhole: boolean }> {
  const items: ListItem[] = []
  const query = { prefix, contains, ...rangeAsked(period, zone), limit: LIST_ITEMS_MAX, depth }
  let isWhole = true
  for await (const item of readingWith(signal).listAll(query)) {
    isWhole = items.length < CSV_KEYS_MAX
    if (!isWhole) break
    items.push(item)
  }
  const size = (item: ListItem) => measureOf(item, by)
  return { items: items.toSorted((a, b) => (size(a) < size(b) ? 1 : size(a) > size(b) ? -1 : 0)), isWhole }
}

type NearQuery = { readonly key: string; readonly period: Period; readonly zone: Zone }

/** Keys of the period that are like a key that was never counted; undefined for a key that was counted at some time. */
export async function readNear(
  { key, period, zone }: NearQuery,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const ever = { range: 'all', bucket: 'month', consistency: 'committed' } as const
  const { total } = await readingWith(signal).read(key, ever)
  if (total.count > 0) return undefined
  for (const prefix of beginningsOf(key)) {
    const { items } = await readLargest({ prefix, period, zone, by: 'count', limit: LIST_ITEMS_MAX }, signal)
    const near = nearestOf(
      key,
      items.map((item) => item.key),
    )
    if (near.length > 0) return near
  }
  return []
}
