import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bucket } from '../../../src/client/answers.ts'
import type { ShownCounter } from '../../../src/dashboard/data/answers.ts'
import { plotData, shapeOf } from '../../../src/dashboard/data/drawn.ts'
import { type CountSample, rateOf, rememberSample, sampleOf } from '../../../src/dashboard/data/live/rate.ts'
import {
  bucketTotal,
  colourOf,
  drawnOf,
  heldTotal,
  inStep,
  seriesOf,
  stageOf,
  totalOf,
  withHeld,
} from '../../../src/dashboard/data/series.ts'
import { monthsBetween } from '../../../src/dashboard/data/ticks.ts'
import { bucketWords, momentWords, tickWords } from '../../../src/dashboard/data/time.ts'
import { parseZone, UTC } from '../../../src/model/time/zone.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 10, 21)

const bucket = (i: number, sum: bigint, count: number): Bucket => {
  return { start: new Date(START + i * HOUR).toISOString(), sum, count, min: null, max: null }
}

function answer(buckets: Bucket[], unsettled: Bucket[], asOf = 'a'): ShownCounter {
  return {
    key: 'k',
    from: bucket(0, 0n, 0).start,
    to: bucket(24, 0n, 0).start,
    bucket: 'hour',
    tz: 'UTC',
    aligned: true,
    total: { sum: 0n, count: 0, min: null, max: null },
    buckets,
    unsettled,
    asOf,
    pending: null,
    freshFrom: bucket(0, 0n, 0).start,
    lastFlushAt: null,
  }
}

const sums = fc.record({
  sum: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  count: fc.integer({ min: 1, max: 1e6 }),
})

describe('a series', () => {
  test('is what Postgres has and what is held, together the answer, at any size', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sums, fc.option(sums)), { minLength: 1, maxLength: 20 }), (parts) => {
        const held = parts.flatMap(([, part], i) => (part === null ? [] : [bucket(i, part.sum, part.count)]))
        const all = parts.map(([committed, part], i) =>
          bucket(i, committed.sum + (part?.sum ?? 0n), committed.count + (part?.count ?? 0)),
        )
        const series = seriesOf(answer(all, held), { kind: 'key', name: 'k' })
        expect(series.committed).toEqual(parts.map(([committed]) => committed))
        expect(all.map((_, i) => bucketTotal(series, i))).toEqual(
          all.map(({ sum, count }) => ({ sum, count })),
        )
        expect(heldTotal(series).sum).toBe(held.reduce((total, { sum }) => total + sum, 0n))
      }),
    )
  })

  test('moves by what is held alone, until a flush comes between', () => {
    const series = seriesOf(answer([bucket(0, 5n, 5), bucket(1, 7n, 7)], [bucket(1, 2n, 2)]), {
      kind: 'key',
      name: 'k',
    })
    const later = withHeld(series, answer([], [bucket(1, 9n, 9)]))
    expect(later === undefined ? undefined : totalOf(later)).toEqual({ sum: 19n, count: 19 })
    expect(withHeld(series, answer([], [bucket(1, 1n, 1)], 'b'))).toBeUndefined()
  })

  test('of days has what is held of an hour in the day in which it begins', () => {
    const day = { ...answer([bucket(0, 5n, 5), bucket(24, 7n, 7)], []), bucket: 'day' as const }
    const later = withHeld(
      seriesOf(day, { kind: 'key', name: 'k' }),
      answer([], [bucket(23, 1n, 1), bucket(24, 2n, 2)]),
    )
    expect(later?.held.map(({ sum }) => sum)).toEqual([1n, 2n])
  })
})

describe('a chart', () => {
  const NOW = START + 2 * HOUR + 1
  const hours = (...sums: bigint[]) =>
    seriesOf(
      answer(
        sums.map((sum, i) => bucket(i, sum, sum === 0n ? 0 : 1)),
        [],
      ),
      { kind: 'key', name: 'k' },
    )

  test('shows what the running hour has so far apart from the hours that are over, and nothing of hours to come', () => {
    const [, whole, over, running] = plotData([hours(5n, 7n, 1n, 0n)], 'sum', NOW)
    expect(whole).toEqual([5, 7, 1, null])
    expect(over).toEqual([5, 7, null, null])
    expect(running).toEqual([null, null, 1, null])
  })

  test('has no line that falls to the running hour, which is a point of its own', () => {
    const [, ...drawn] = plotData([hours(5n, 7n, 1n, 0n), hours(6n, 8n, 2n, 0n)], 'sum', NOW)
    const none = [null, null, null, null]
    expect(drawn.slice(0, 2)).toEqual([
      [5, 7, null, null],
      [6, 8, null, null],
    ])
    expect(drawn.slice(2, 4)).toEqual([none, none])
    expect(drawn.slice(4)).toEqual([
      [null, null, 1, null],
      [null, null, 2, null],
    ])
  })

  test('has the time before beside it, bucket beside bucket, of which there may be more or fewer', () => {
    const compared = (
      sums: readonly bigint[],
      beside = [0, 1, 2, 3].map((i) => (i < sums.length ? i : null)),
    ) => ({
      ...answer(
        [5n, 7n, 1n, 0n].map((sum, i) => bucket(i, sum, 1)),
        [],
      ),
      to: bucket(4, 0n, 0).start,
      previous: {
        from: bucket(-4, 0n, 0).start,
        to: bucket(-1, 0n, 0).start,
        total: { sum: sums.reduce((a, b) => a + b, 0n), count: sums.length, min: null, max: null },
        buckets: sums.map((sum, i) => bucket(i - 4, sum, 1)),
        beside,
      },
    })
    const shown = { kind: 'key', name: 'k' } as const
    const [own, other] = [
      seriesOf(compared([4n, 6n, 2n]), shown),
      seriesOf(compared([9n, 9n, 9n, 9n, 9n]), shown),
    ]
    expect(plotData([own], 'sum', NOW).at(-1)).toEqual([4, 6, 2, null])
    expect(plotData([other, own], 'sum', NOW).slice(-2)).toEqual([
      [9, 9, 9, 9],
      [4, 6, 2, null],
    ])
    // The clocks were turned: the second hour has none beside it, and one of the time before stands alone.
    const turned = seriesOf(compared([4n, 6n, 2n, 8n], [0, null, 2, 3]), shown)
    expect(plotData([turned], 'sum', NOW).at(-1)).toEqual([4, null, 2, 8])
    expect(turned.before?.total.sum).toBe(20n)
    expect([own.before?.total.sum, other.before?.total.count]).toEqual([12n, 5])
    expect(plotData([hours(5n, 7n, 1n, 0n)], 'sum', NOW)).toHaveLength(4)
    // It is part of no total, and what the shards hold does not move it.
    expect(totalOf(own)).toEqual({ sum: 13n, count: 4 })
    expect(withHeld(own, answer([], [bucket(2, 9n, 1)]))?.before).toEqual(own.before)
  })

  test('shows a first increment in a sparkline at once', () => {
    expect(shapeOf(hours(0n, 0n, 3n), 'sum', NOW)).toEqual({ over: [0, 0, null], running: [null, null, 3] })
  })

  test('shows what came in for an hour that has not begun, as from clocks that are ahead', () => {
    expect(stageOf(hours(1n, 1n, 1n, 4n), 3, NOW)).toBe('running')
    expect(stageOf(hours(1n, 1n, 1n, 0n), 3, NOW)).toBe('ahead')
  })
})

describe('a breakdown', () => {
  const NOW = START + 2 * HOUR + 1
  const none = { sum: 0n, count: 0, min: null, max: null }
  const part = (...sums: bigint[]) => ({
    total: none,
    buckets: sums.map((sum, i) => bucket(i, sum, sum === 0n ? 0 : 1)),
    // The last hour's is not in Postgres yet.
    unsettled: sums.flatMap((sum, i) => (i === 2 && sum !== 0n ? [bucket(i, sum, 1)] : [])),
  })
  /** A part of which shards hold so much, without Postgres. */
  const held = (sum: bigint) => ({ total: none, buckets: [], unsettled: [bucket(2, sum, 1)] })
  const broken: ShownCounter = {
    ...answer([bucket(0, 12n, 3), bucket(1, -1n, 2), bucket(2, 9n, 2)], [bucket(2, 9n, 2)]),
    by: 'plan',
    groups: [
      { value: 'pro', ...part(7n, 2n, 4n) },
      { value: 'free', ...part(4n, -3n, 0n) },
    ],
    others: { groups: 3, ...part(1n, 0n, 0n) },
    unlabelled: part(0n, 0n, 5n),
    overflow: part(0n, 0n, 0n),
  }

  test('is stacked from 0 upwards, and downwards what is below 0, the running hour apart', () => {
    const series = seriesOf(broken, { kind: 'key', name: 'k' })
    const [, ...drawn] = plotData(drawnOf([series]), 'sum', NOW)
    const empty = [null, null, null]
    // The outermost is drawn first: overflow, unlabelled, others, free, pro.
    expect(drawn.slice(0, 5)).toEqual([empty, empty, [12, null, null], [11, -3, null], [7, 2, null]])
    expect(drawn.slice(5)).toEqual([empty, [null, null, 9], empty, empty, [null, null, 4]])
  })

  const sumsOf = (series: ReturnType<typeof withHeld>) =>
    drawnOf(series === undefined ? [] : [series]).map((own) => totalOf(own).sum)
  const heldNow: ShownCounter = {
    ...answer([], [bucket(2, 100n, 5)]),
    by: 'plan',
    groups: [
      { value: 'pro', ...held(60n) },
      { value: 'team', ...held(20n) },
      { value: 'free', ...held(10n) },
    ],
    others: { groups: 0, total: none, buckets: [], unsettled: [] },
    unlabelled: held(7n),
    overflow: held(3n),
  }

  test('[L1] moves by what shards hold of each part, a new value among the others, and adds up to its total', () => {
    const series = seriesOf(broken, { kind: 'key', name: 'k' })
    expect(sumsOf(series)).toEqual([13n, 1n, 1n, 5n, 0n])
    const later = withHeld(series, heldNow)
    expect(sumsOf(later)).toEqual([69n, 11n, 21n, 7n, 3n])
    expect(later && totalOf(later).sum).toBe(111n)
    expect(withHeld(series, { ...heldNow, asOf: 'b' })).toBeUndefined()
  })

  test('counts the new values that it has none of among the others', () => {
    const first = seriesOf(
      { ...broken, others: { groups: 0, ...part(0n, 0n, 0n) } },
      { kind: 'key', name: 'k' },
    )
    const others = withHeld(first, heldNow)?.breakdown?.parts.find(({ shown }) => shown.kind === 'others')
    expect(others?.shown).toEqual({ kind: 'others', groups: 1 })
  })

  test('stays as it is while shards hold more values than they name, because one of its own may be among them', () => {
    const series = seriesOf(broken, { kind: 'key', name: 'k' })
    const others = { groups: 1, total: none, buckets: [], unsettled: [bucket(2, 1n, 1)] }
    expect(withHeld(series, { ...heldNow, others })).toBe(series)
  })

  test('has colours of its own for five groups; further ones have that of the others', () => {
    const group = { kind: 'group', value: 'pro' } as const
    expect([0, 4, 5].map((i) => colourOf(group, i))).toEqual(['series-1', 'series-5', 'others'])
    const parts = drawnOf([seriesOf(broken, { kind: 'key', name: 'k' })])
    expect(parts.slice(2).map(({ shown }, i) => colourOf(shown, 2 + i))).toEqual([
      'others',
      'unlabelled',
      'overflow',
    ])
  })
})

test('all that was counted begins elsewhere for each series, and one chart has one beginning for all of them', () => {
  const long = seriesOf(
    answer(
      [0, 1, 2].map((i) => bucket(i, 5n, 1)),
      [],
    ),
    { kind: 'prefix', name: '' },
  )
  const short = seriesOf(answer([bucket(2, 7n, 3)], [bucket(2, 2n, 1)]), { kind: 'key', name: 'k' })
  const [first, second] = inStep([short, long])
  expect(second).toEqual(long)
  expect([first?.starts, first?.labels]).toEqual([long.starts, long.labels])
  expect([0, 1, 2].map((i) => first && bucketTotal(first, i).count)).toEqual([0, 0, 3])
  expect(first && [totalOf(first), heldTotal(first)]).toEqual([totalOf(short), heldTotal(short)])
})

test('parts of a breakdown have the time before together, because they are one bar', () => {
  const NOW = START + 2 * HOUR + 1
  const none = { sum: 0n, count: 0, min: null, max: null }
  const part = (now: bigint, was: bigint) => ({
    total: none,
    buckets: [bucket(0, now, 1)],
    unsettled: [],
    previous: { total: { ...none, sum: was, count: 1 }, buckets: [bucket(-1, was, 1)] },
  })
  const whole = seriesOf(
    {
      ...answer([bucket(0, 12n, 2)], []),
      previous: {
        ...part(0n, 9n).previous,
        from: bucket(-1, 0n, 0).start,
        to: bucket(0, 0n, 0).start,
        beside: [0],
      },
      by: 'plan',
      groups: [{ value: 'pro', ...part(7n, 4n) }],
      others: { groups: 1, ...part(1n, 2n) },
      unlabelled: part(4n, 3n),
      overflow: part(0n, 0n),
    },
    { kind: 'key', name: 'k' },
  )
  expect(drawnOf([whole]).map(({ before }) => before?.total.sum)).toEqual([4n, 2n, 3n, 0n])
  expect(plotData(drawnOf([whole]), 'sum', NOW).at(-1)).toEqual([9])
})

describe('the rate right now', () => {
  const at = (atMs: number, count: number, hours = 'h'): CountSample => ({ atMs, count, hours })
  const of = (...samples: CountSample[]) => rateOf(samples.reduce<CountSample[]>(rememberSample, []))

  test('is that of the last seconds', () => {
    expect(of(at(0, 0))).toBeUndefined()
    expect(of(at(0, 1000), at(2000, 1000), at(4000, 1040))).toBe(10)
    expect(of(at(0, 0), at(30_000, 3000), at(32_000, 3010))).toBe(5)
    // A page that asks seldom has no other before.
    expect(of(at(0, 0), at(60_000, 600), at(120_000, 1200))).toBe(10)
  })

  test('begins anew with other hours, and is never below nothing', () => {
    expect(of(at(0, 5000), at(2000, 100, 'next'))).toBeUndefined()
    expect(of(at(0, 50), at(2000, 20))).toBe(0)
    const day = seriesOf(answer([bucket(0, 5n, 5)], []), { kind: 'prefix', name: '' })
    const week = {
      ...seriesOf(answer([bucket(0, 900n, 900)], []), day.shown),
      from: bucket(-144, 0n, 0).start,
    }
    expect(of(sampleOf(day, 0), sampleOf(week, 2000))).toBeUndefined()
  })
})

describe('a time', () => {
  const berlin = parseZone('Europe/Berlin') ?? UTC
  const now = Date.UTC(2026, 10, 21, 20, 15)
  test('is said in the clocks of its zone', () => {
    expect(bucketWords(now, 'hour', berlin)).toBe('Sat 21 Nov, 21:15')
    expect(bucketWords(now, 'month', berlin)).toBe('November 2026')
    expect(tickWords(Date.UTC(2026, 10, 20, 23), HOUR, berlin)).toBe('21 Nov')
    expect(tickWords(Date.UTC(2026, 10, 20, 22), HOUR, berlin)).toBe('23:00')
  })

  test('of 12 months has a mark at each month, with its year, which nobody takes for a day', () => {
    const year = { fromMs: Date.UTC(2025, 10, 30, 23), toMs: Date.UTC(2026, 10, 21, 21) }
    const words = (spaceMs: number) => {
      const months = monthsBetween(year.fromMs, year.toMs, spaceMs, berlin)
      return months.map((ms) => tickWords(ms, 31 * 24 * HOUR, berlin))
    }
    expect(words(20 * 24 * HOUR)).toEqual([
      'Dec 2025',
      ...['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug'].map((month) => `${month} 2026`),
      ...['Sept 2026', 'Oct 2026', 'Nov 2026'],
    ])
    // On a phone there is room for four, a whole number of months apart.
    expect(words(80 * 24 * HOUR)).toEqual(['Jan 2026', 'Apr 2026', 'Jul 2026', 'Oct 2026'])
    expect(tickWords(Date.UTC(2026, 10, 15, 23), 31 * 24 * HOUR, berlin)).toBe('16 Nov')
  })

  test('tells apart the two hours of one name where clocks are turned back', () => {
    const twice = [Date.UTC(2026, 9, 25, 0), Date.UTC(2026, 9, 25, 1)]
    expect(twice.map((ms) => bucketWords(ms, 'hour', berlin))).toEqual([
      'Sun 25 Oct, 02:00 +02:00',
      'Sun 25 Oct, 02:00 +01:00',
    ])
    expect(momentWords(twice[1] ?? 0, berlin)).toBe('25 Oct 2026, 02:00 +01:00')
    expect(bucketWords(Date.UTC(2026, 9, 25, 2), 'hour', berlin)).toBe('Sun 25 Oct, 03:00')
  })

  test.each(['Europe/London', 'America/Havana', 'Australia/Lord_Howe', 'Africa/Casablanca'])(
    'gives no two hours of a year one name: %s',
    (name) => {
      const zone = parseZone(name) ?? expect.fail(`no zone ${name}`)
      const hours = Array.from({ length: 365 * 24 }, (_, i) => Date.UTC(2026, 0, 1, i))
      expect(new Set(hours.map((ms) => bucketWords(ms, 'hour', zone))).size).toBe(hours.length)
    },
  )
})
