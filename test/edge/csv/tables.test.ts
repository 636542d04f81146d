import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tableOfCounters, tableOfList, tableOfSeries } from '../../../src/edge/csv/tables.ts'
import type { CounterAnswer } from '../../../src/edge/read/answers.ts'
import { sumsOf } from '../../../src/edge/read/answers.ts'
import type { ListAnswer } from '../../../src/edge/read/list.ts'
import { type Cell, EMPTY_CELL } from '../../../src/model/cell.ts'
import { csv } from '../../../src/model/text/csv.ts'
import { cells, keys } from '../../support/arbitraries.ts'
import { parseCsv, textOf } from '../../support/parse-csv.ts'

const URL_ASKED = new URL('http://sumdial.test/keys?prefix=a')
const STARTS = ['2026-11-20T00:00:00+05:30', '2026-11-21T00:00:00+05:30']
const TIME = '2026-11-21T20:15:05.120Z'

const bucketCells = fc.tuple(...STARTS.map(() => fc.oneof(cells, fc.constant(EMPTY_CELL))))

function part(own: readonly Cell[]) {
  const buckets = own.map((cell, i) => ({ start: STARTS[i] ?? '', ...sumsOf(cell) }))
  return { total: sumsOf(own[0] ?? EMPTY_CELL), buckets }
}

function unlabelled(own: readonly Cell[]) {
  const { total, buckets } = part(own)
  const shown = buckets.map(({ start, sum, count }) => ({ start, sum, count }))
  return { total: { sum: total.sum, count: total.count }, buckets: shown }
}

const plain = fc.record({
  from: fc.constant('2026-11-19T18:00:00Z'),
  to: fc.constant('2026-11-21T18:00:00Z'),
  bucket: fc.constant('day' as const),
  tz: fc.constant('Asia/Kolkata'),
  aligned: fc.constant(false),
  unsettled: fc.constant(null),
  asOf: fc.constant(null),
  pending: fc.constant(null),
  freshFrom: fc.constant(null),
  lastFlushAt: fc.constantFrom(null, TIME),
})

const readings = fc
  .tuple(plain, bucketCells.map(part), fc.array(fc.tuple(keys, bucketCells.map(part)), { maxLength: 3 }))
  .map(([fields, own, groups]) => ({ fields: { ...fields, ...own }, groups }))

const counters: fc.Arbitrary<CounterAnswer[]> = fc.array(
  fc.tuple(keys, readings).map(([key, { fields }]) => ({ key, ...fields })),
  { minLength: 1, maxLength: 3 },
)

const grouped: fc.Arbitrary<CounterAnswer[]> = fc.array(
  fc
    .tuple(keys, readings, bucketCells.map(part), bucketCells.map(unlabelled), bucketCells.map(part))
    .map(([key, { fields, groups }, others, none, overflow]) => ({
      key,
      ...fields,
      by: 'plan',
      groups: groups.map(([value, own]) => ({ value, unsettled: null, ...own })),
      others: { groups: 3, unsettled: null, ...others },
      unlabelled: { unsettled: null, ...none },
      overflow: { unsettled: null, ...overflow },
    })),
  { minLength: 1, maxLength: 3 },
)

const lists: fc.Arbitrary<ListAnswer> = fc
  .array(fc.tuple(keys, cells, fc.integer({ min: 1 }), fc.boolean()))
  .map((found) => ({
    from: '2026-11-19T18:00:00Z',
    to: '2026-11-21T18:00:00Z',
    items: found.map(([key, { sum, count, min, max }, of, isKey]) => ({
      key,
      sum,
      count,
      min,
      max,
      keys: of,
      isKey,
    })),
    nextCursor: null,
    lastFlushAt: TIME,
  }))

type Sums = { sum: bigint; count: number; min?: number | null; max?: number | null }
const shown = ({ sum, count, min, max }: Sums) => [sum, count, min ?? '', max ?? ''].map(String)

describe('a table read back from its CSV', () => {
  test('[A2] is the JSON answer for keys, to the last digit', () => {
    fc.assert(
      fc.property(counters, (answers) => {
        const [head, ...rows] = parseCsv(csv(tableOfCounters(answers).rows))
        expect(head).toEqual(['key', 'start', 'sum', 'count', 'min', 'max'])
        expect(rows.map(([key = '', ...rest]) => [textOf(key), ...rest])).toEqual(
          answers.flatMap(({ key, buckets }) => buckets.map((own) => [key, own.start, ...shown(own)])),
        )
      }),
    )
  })

  test('[A2] [L1] is the JSON answer by a label, with a row for each bucket of each part', () => {
    fc.assert(
      fc.property(grouped, (answers) => {
        const [head, ...rows] = parseCsv(csv(tableOfCounters(answers).rows))
        expect(head).toEqual(['key', 'plan', 'row', 'start', 'sum', 'count', 'min', 'max'])
        const expected = answers.flatMap(
          ({ key, groups = [], others, unlabelled: none, overflow, buckets }) => {
            const parts: [string, string, { buckets: readonly (Sums & { start: string })[] } | undefined][] =
              [
                ...groups.map((group): (typeof parts)[number] => [group.value, 'group', group]),
                ['', 'others', others],
                ['', 'unlabelled', none],
                ['', 'overflow', overflow],
                ['', 'total', { buckets }],
              ]
            return parts.flatMap(([value, row, own]) =>
              (own?.buckets ?? []).map((bucket) => [key, value, row, bucket.start, ...shown(bucket)]),
            )
          },
        )
        expect(rows.map(([key = '', value = '', ...rest]) => [textOf(key), textOf(value), ...rest])).toEqual(
          expected,
        )
      }),
    )
  })

  test('has the total alone as one row that starts with the range, for each part', () => {
    fc.assert(
      fc.property(grouped, (answers) => {
        const alone = answers.map((answer) => ({ ...answer, bucket: null, buckets: [] }))
        const [, ...rows] = parseCsv(csv(tableOfCounters(alone).rows))
        const totals = rows.filter(([, , row]) => row === 'total')
        expect(totals.map(([, , , ...rest]) => rest)).toEqual(
          alone.map(({ from, total }) => [from, ...shown(total)]),
        )
        expect(rows).toHaveLength(answers.reduce((sum, { groups = [] }) => sum + groups.length + 4, 0))
      }),
    )
  })

  test('has the time before of each part behind it, in rows whose period says so', () => {
    fc.assert(
      fc.property(grouped, bucketCells.map(part), (answers, before) => {
        const from = '2026-11-17T18:00:00Z'
        const compared = answers.map((answer) => {
          const { groups = [], others = { groups: 0, unsettled: null, ...before } } = answer
          return {
            ...answer,
            previous: { from, to: answer.from, ...before, beside: [] },
            groups: groups.map((group) => ({ ...group, previous: before })),
            others: { ...others, previous: before },
          }
        })
        const [head, ...rows] = parseCsv(csv(tableOfCounters(compared).rows))
        expect(head).toEqual(['key', 'plan', 'row', 'period', 'start', 'sum', 'count', 'min', 'max'])
        const previous = rows.filter(([, , , period]) => period === 'previous')
        const parts = answers.reduce((sum, { groups = [] }) => sum + groups.length + 2, 0)
        expect(previous.map(([, , , , ...rest]) => rest)).toEqual(
          Array.from({ length: parts }, () => before.buckets.map((own) => [own.start, ...shown(own)])).flat(),
        )
        const alone = compared.map((answer) => ({ ...answer, bucket: null }))
        const [, ...totals] = parseCsv(csv(tableOfCounters(alone).rows))
        const [total] = totals.filter(([, , row, period]) => row === 'total' && period === 'previous')
        expect(total?.slice(4)).toEqual([from, ...shown(before.total)])
      }),
    )
  })

  test('[A2] is the JSON answer for a list, with the keys of each group only where groups were asked for', () => {
    fc.assert(
      fc.property(lists, fc.boolean(), (answer, isGrouped) => {
        const url = new URL(`${URL_ASKED}${isGrouped ? '&depth=1' : ''}`)
        const [head, ...rows] = parseCsv(csv(tableOfList(answer, url).rows))
        expect(head).toEqual(['key', 'sum', 'count', 'min', 'max', ...(isGrouped ? ['keys', 'isKey'] : [])])
        expect(rows.map(([key = '', ...rest]) => [textOf(key), ...rest])).toEqual(
          answer.items.map((item) => [
            item.key,
            ...shown(item),
            ...(isGrouped ? [String(item.keys), String(item.isKey)] : []),
          ]),
        )
      }),
    )
  })
})

describe('beside the table', () => {
  const fresh: CounterAnswer = {
    key: 'a',
    from: '2026-11-19T18:00:00Z',
    to: '2026-11-21T18:00:00Z',
    bucket: 'day',
    tz: 'UTC',
    aligned: true,
    ...part([]),
    unsettled: [],
    asOf: 'x',
    pending: 2,
    freshFrom: '2026-11-21T16:00:00Z',
    lastFlushAt: TIME,
  }

  test('[R2] it says how fresh all of the keys are together', () => {
    const later = '2026-11-21T20:15:06.000Z'
    const rows = [{ key: 'b', hour: '2026-11-21T15:00:00Z' }]
    const others = [
      { ...fresh, key: 'b', pending: 3, lastFlushAt: later, unreadable: rows },
      { ...fresh, key: 'c', pending: 0, lastFlushAt: null },
    ]
    expect(tableOfCounters([fresh, ...others]).fields).toEqual({
      coarse: null,
      from: fresh.from,
      to: fresh.to,
      bucket: 'day',
      tz: 'UTC',
      aligned: true,
      pending: 5,
      freshFrom: fresh.freshFrom,
      lastFlushAt: later,
      unreadable: 1,
    })
  })

  test('[R2] a committed read does not know what is pending', () => {
    const { key: prefix, ...reading } = { ...fresh, pending: null, freshFrom: null, lastFlushAt: null }
    const { rows, fields } = tableOfSeries({ prefix, ...reading })
    expect(rows[0]?.[0]).toBe('prefix')
    expect(fields).toMatchObject({ pending: null, freshFrom: null, lastFlushAt: null, unreadable: null })
  })

  test('it names the next page of a list, with all that was asked', () => {
    const answer = { from: TIME, to: TIME, items: [], nextCursor: 'n_-', lastFlushAt: null }
    const url = new URL('http://sumdial.test/keys?prefix=a%2F%26+b&cursor=old&limit=2')
    expect(tableOfList(answer, url).next).toBe('/keys?prefix=a%2F%26+b&cursor=n_-&limit=2')
    expect(tableOfList({ ...answer, nextCursor: null }, url).next).toBeUndefined()
  })
})
