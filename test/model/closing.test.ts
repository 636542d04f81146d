import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { firstKeptHour, retentionDaysMin, retireAtMs } from '../../src/model/closing.ts'
import { type Hour, hourEndMs, hourOf } from '../../src/model/hour.ts'
import type { Schedule } from '../../src/model/schedule.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 21, 3, 7)

/** Steps within some days of now. */
const schedules = fc
  .uniqueArray(
    fc.record({ from: fc.integer({ min: -300, max: 30 }), value: fc.integer({ min: 0, max: 240 }) }),
    {
      minLength: 1,
      maxLength: 4,
      selector: ({ from }) => from,
    },
  )
  .map((steps): Schedule => {
    const sorted = steps.toSorted((a, b) => a.from - b.from)
    return sorted.map(({ from, value }, i) => ({
      from: (i === 0 ? Number.NEGATIVE_INFINITY : hourOf(NOW) + from) as Hour,
      value,
    }))
  })

const moments = fc.integer({ min: 0, max: 3 * DAY_MS }).map((ms) => NOW + ms)

/** The hours about the edge of `days`, and all that may be open. */
const hoursUpTo = (nowMs: number, days: number) =>
  Array.from({ length: 24 * (days + 12) }, (_, i) => (hourOf(nowMs) - i) as Hour)

describe('the first hour that stays', () => {
  test('is the first that ended less than so many days ago, where no hour is open for as long', () => {
    fc.assert(
      fc.property(schedules, moments, fc.nat(5), (lateHours, nowMs, more) => {
        const days = retentionDaysMin(lateHours) + more
        const first = firstKeptHour(nowMs, days, lateHours)
        for (const hour of hoursUpTo(nowMs, days)) {
          expect(hour < first).toBe(hourEndMs(hour) <= nowMs - days * DAY_MS)
        }
      }),
    )
  })

  test('[Z1] is never later than an hour whose shards may still hold something, however few the days', () => {
    fc.assert(
      fc.property(schedules, moments, fc.integer({ min: 1, max: 12 }), (lateHours, nowMs, days) => {
        const first = firstKeptHour(nowMs, days, lateHours)
        for (const hour of hoursUpTo(nowMs, 12)) {
          if (retireAtMs(hour, lateHours) > nowMs) expect(hour).toBeGreaterThanOrEqual(first)
        }
      }),
    )
  })
})
