import type { CsvRows } from '../../model/text/csv.ts'
import type { CounterAnswer, SeriesAnswer, SubjectAnswer } from '../read/answers.ts'
import type { ListAnswer } from '../read/list.ts'
import type { CsvTable } from './answer.ts'

type CsvRow = CsvRows[number]
type CsvSums = {
  readonly sum: bigint
  readonly count: number
  readonly min?: number | null
  readonly max?: number | null
}

const SUMS = ['sum', 'count', 'min', 'max'] as const

/** Keys in long form: a row for each bucket, and with `by` for each bucket of each part. [A2] [R2] */
export function tableOfCounters(answers: readonly CounterAnswer[]): CsvTable {
  return tableOf(
    'key',
    answers.map((answer) => [answer.key, answer]),
  )
}

/** A prefix in long form. [A2] [R2] */
export function tableOfSeries(answer: SeriesAnswer): CsvTable {
  return tableOf('prefix', [[answer.prefix, answer]])
}

function tableOf(
  subject: 'key' | 'prefix',
  readings: readonly (readonly [name: string, SubjectAnswer])[],
): CsvTable {
  const by = readings[0]?.[1].by
  const isCompared = readings.some(([, { previous }]) => previous !== undefined)
  const head = [
    subject,
    ...(by === undefined ? [] : [by, 'row']),
    ...(isCompared ? ['period'] : []),
    'start',
    ...SUMS,
  ]
  return {
    rows: [head, ...readings.flatMap(([name, reading]) => rowsOf(name, reading))],
    fields: fieldsOf(readings.map(([, reading]) => reading)),
  }
}

/** A reading, or a part of one that is broken down. */
type CsvPart = CsvPeriod & { readonly previous?: CsvPeriod | undefined }
type CsvPeriod = {
  readonly total: CsvSums
  readonly buckets: readonly (CsvSums & { readonly start: string })[]
}

function rowsOf(name: string, reading: SubjectAnswer): CsvRow[] {
  const { from, bucket, by, previous, groups = [], others, unlabelled, overflow } = reading
  const rowsOfPeriod = (named: CsvRow, { total, buckets }: CsvPeriod, begin: string): CsvRow[] => {
    // The total alone is one bucket that begins with the range.
    const own = bucket === null ? [{ ...total, start: begin }] : buckets
    return own.map(({ start, ...sums }) => [name, ...named, start, ...sumsOf(sums)])
  }
  const rows = (named: CsvRow, part: CsvPart | undefined): CsvRow[] => {
    if (part === undefined) return []
    if (previous === undefined) return rowsOfPeriod(named, part, from)
    const before = part.previous
    return [
      ...rowsOfPeriod([...named, 'current'], part, from),
      ...(before === undefined ? [] : rowsOfPeriod([...named, 'previous'], before, previous.from)),
    ]
  }
  if (by === undefined) return rows([], reading)
  return [
    ...groups.flatMap((group) => rows([group.value, 'group'], group)),
    ...rows([null, 'others'], others),
    ...rows([null, 'unlabelled'], unlabelled),
    ...rows([null, 'overflow'], overflow),
    ...rows([null, 'total'], reading),
  ]
}

function sumsOf({ sum, count, min = null, max = null }: CsvSums): CsvRow {
  return [sum, count, min, max]
}

/** The fields of all readings together. They have one range, and are fresh from one hour on. */
function fieldsOf(readings: readonly SubjectAnswer[]): CsvTable['fields'] {
  const [first] = readings
  if (first === undefined) return {}
  const { from, to, bucket, tz, aligned, freshFrom } = first
  const pending = first.pending === null ? null : readings.reduce((sum, own) => sum + (own.pending ?? 0), 0)
  const flushes = readings.flatMap(({ lastFlushAt }) => lastFlushAt ?? []).toSorted()
  const unreadable = readings.reduce((sum, own) => sum + (own.unreadable?.length ?? 0), 0) || null
  // All readings are of one range and of one read, so these are theirs too.
  const coarse = coarseText(first.coarse)
  return {
    from,
    to,
    bucket,
    tz,
    aligned,
    pending,
    freshFrom,
    lastFlushAt: flushes.at(-1) ?? null,
    unreadable,
    coarse,
  }
}

/** Days whose hours are gone: `2026-11-02T00:00:00Z/2026-11-04T00:00:00Z`, as ISO 8601 writes an interval. */
function coarseText(coarse: ListAnswer['coarse']): string | null {
  return coarse?.map(({ from, to }) => `${from}/${to}`).join(' ') ?? null
}

/**
 * A page of a list.
 *
 * @param url the address that was asked, from which that of the next page is made.
 */
export function tableOfList(
  { from, to, items, nextCursor, lastFlushAt, unreadable, coarse }: ListAnswer,
  url: URL,
): CsvTable {
  const isGrouped = url.searchParams.has('depth')
  const names = isGrouped ? (['keys', 'isKey'] as const) : []
  const rows = items.map((item) => [item.key, ...sumsOf(item), ...names.map((name) => item[name] ?? null)])
  return {
    rows: [['key', ...SUMS, ...names], ...rows],
    fields: {
      from,
      to,
      lastFlushAt,
      unreadable: unreadable?.length ?? null,
      coarse: coarseText(coarse),
    },
    next: nextCursor === null ? undefined : nextOf(url, nextCursor),
  }
}

/** Without the host, because a proxy in front may have another. */
function nextOf(url: URL, cursor: string): string {
  const next = new URL(url)
  next.searchParams.set('cursor', cursor)
  return next.pathname + next.search
}
