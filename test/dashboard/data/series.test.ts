import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bucket } from '../../../src/client/answers.ts'
import type { Counter } from '../../../src/dashboard/data/answers.ts'
import { spanOf, unitOf, unitsOf } from '../../../src/dashboard/data/period.ts'
import { rateOf, remember, type Sample, sampleOf } from '../../../src/dashboard/data/rate.ts'
import { bucketTotal, heldTotal, seriesOf, totalOf, withHeld } from '../../../src/dashboard/data/series.ts'
import { bucketWords, tickWords } from '../../../src/dashboard/data/time.ts'
import { parseZone, UTC } from '../../../src/model/time/zone.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 10, 21)

const bucket = (i: number, sum: bigint, count: number): Bucket => {
  return { start: new Date(START + i * HOUR).toISOString(), sum, count, min: null, max: null }
}

function answer(buckets: Bucket[], unsettled: Bucket[], asOf = 'a'): Counter {
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

describe('the rate right now', () => {
  const at = (atMs: number, count: number, hours = 'h'): Sample => ({ atMs, count, hours })
  const of = (...samples: Sample[]) => rateOf(samples.reduce<Sample[]>(remember, []))

  test('is that of the last seconds', () => {
    expect(of(at(0, 0))).toBeUndefined()
    expect(of(at(0, 1000), at(2000, 1000), at(4000, 1040))).toBe(10)
    expect(of(at(0, 0), at(30_000, 3000), at(32_000, 3010))).toBe(5)
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

describe('a period', () => {
  const berlin = parseZone('Europe/Berlin') ?? UTC
  const now = Date.UTC(2026, 10, 21, 20, 15)
  const span = (range: '24h' | '7d' | '30d' | '12mo') => spanOf({ kind: 'last', range }, berlin, now)
  const iso = ({ fromMs, toMs }: ReturnType<typeof spanOf>) =>
    [fromMs, toMs].map((ms) => new Date(ms).toISOString())

  test('goes up to the end of the running hour, and begins with a whole day, or month, of the zone', () => {
    const to = '2026-11-21T21:00:00.000Z'
    expect(iso(span('24h'))).toEqual(['2026-11-20T21:00:00.000Z', to])
    expect(iso(span('7d'))).toEqual(['2026-11-14T23:00:00.000Z', to])
    expect(iso(span('30d'))).toEqual(['2026-10-22T22:00:00.000Z', to])
    expect(iso(span('12mo'))).toEqual(['2025-11-30T23:00:00.000Z', to])
  })

  test('of days has all of them, the days of a change of clocks too', () => {
    const days = spanOf({ kind: 'days', from: '2026-10-25', to: '2026-10-25' }, berlin, now)
    expect(days.toMs - days.fromMs).toBe(25 * HOUR)
    expect(iso(days)[0]).toBe('2026-10-24T22:00:00.000Z')
  })

  test('is added up by what suits its length', () => {
    expect(unitOf({ kind: 'last', range: '12mo' }, null)).toBe('week')
    expect(unitOf({ kind: 'last', range: '24h' }, 'month')).toBe('hour')
    expect(unitsOf({ kind: 'days', from: '2015-05-17', to: '2015-05-20' })).toEqual(['hour', 'day', 'week'])
  })

  test('is said in the clocks of its zone', () => {
    expect(bucketWords(now, 'hour', berlin)).toBe('Sat 21 Nov, 21:15')
    expect(bucketWords(now, 'month', berlin)).toBe('November 2026')
    expect(tickWords(Date.UTC(2026, 10, 20, 23), HOUR, berlin)).toBe('21 Nov')
    expect(tickWords(Date.UTC(2026, 10, 20, 22), HOUR, berlin)).toBe('23:00')
  })
})
