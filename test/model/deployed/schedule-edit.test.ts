import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retireAtMs } from '../../../src/model/closing.ts'
import { editableFrom, editFaults, type Schedules } from '../../../src/model/deployed/schedule-edit.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { addHours, formatHour, HOUR_MS, hourOf, hourStartMs, parseHour } from '../../../src/model/hour.ts'
import type { Schedule } from '../../../src/model/schedule.ts'
import { formatSchedule, valueAt } from '../../../src/model/schedule.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW_MS = Date.UTC(2026, 10, 25, 7, 40)
const NOW = hourOf(NOW_MS)

const schedulesOf = (shards: string, lateHours = '72'): Schedules => ({
  SHARDS: scheduleOf(shards),
  LATE_HOURS: scheduleOf(lateHours),
})

/** A schedule with up to three steps from some hours before now to some hours after. */
const schedules = (values: fc.Arbitrary<number>): fc.Arbitrary<Schedule> =>
  fc
    .tuple(
      values,
      fc.uniqueArray(fc.tuple(fc.integer({ min: -20, max: 6 }), values), {
        maxLength: 3,
        selector: ([at]) => at,
      }),
    )
    .map(([first, steps]) => {
      const texts = steps
        .toSorted(([a], [b]) => a - b)
        .map(([at, value]) => `${value}@${formatHour(addHours(NOW, at))}`)
      return scheduleOf([first, ...texts].join(', '))
    })

const few = fc.record({
  SHARDS: schedules(fc.integer({ min: 1, max: 3 })),
  LATE_HOURS: schedules(fc.integer({ min: 0, max: 8 })),
})

const nows = fc.integer({ min: hourStartMs(NOW), max: hourStartMs(NOW) + HOUR_MS - 1 })

/** Hours of which the ledger has an unsealed writer. */
const pasts = fc.array(
  fc.integer({ min: -50, max: 0 }).map((ago) => addHours(NOW, ago)),
  { maxLength: 2 },
)

const NEARBY = Array.from({ length: 60 }, (_, i) => addHours(NOW, i - 50))

/** By the words of the rule, hour by hour. */
function touched(deployed: Schedules, edited: Schedules, nowMs: number, unsealed: readonly Hour[]): Hour[] {
  return NEARBY.filter((hour) => {
    const isOver = [deployed, edited].every(({ LATE_HOURS }) => retireAtMs(hour, LATE_HOURS) <= nowMs)
    const isAhead = hourStartMs(hour) - nowMs >= HOUR_MS
    const isSame = (name: keyof Schedules) => valueAt(deployed[name], hour) === valueAt(edited[name], hour)
    const isKept = !isOver && !isAhead
    return (isKept && !isSame('LATE_HOURS')) || ((isKept || unsealed.includes(hour)) && !isSame('SHARDS'))
  })
}

describe('an edit of the schedules', () => {
  test('[K2] is accepted exactly when no hour changes that has begun, or soon does, and has not retired', () => {
    fc.assert(
      fc.property(few, few, nows, pasts, (deployed, edited, nowMs, unsealed) => {
        const faults = editFaults(deployed, edited, nowMs, { unsealed })
        const [first] = touched(deployed, edited, nowMs, unsealed)
        expect(faults.map(({ hour }) => hour).sort((a, b) => a - b)[0]).toBe(first)
      }),
      { numRuns: 2_000 },
    )
  })

  test('[K2] that is refused is good the way that is given instead, and means the same from then on', () => {
    fc.assert(
      fc.property(few, few, nows, pasts, (deployed, edited, nowMs, unsealed) => {
        const faults = editFaults(deployed, edited, nowMs, { unsealed })
        const instead = {
          ...edited,
          ...Object.fromEntries(faults.map((fault) => [fault.variable, fault.instead])),
        }
        expect(editFaults(deployed, instead, nowMs, { unsealed }).map(({ variable }) => variable)).toEqual([])
        for (const hour of NEARBY.filter((hour) => hour >= editableFrom(nowMs)))
          for (const name of ['SHARDS', 'LATE_HOURS'] as const)
            expect(valueAt(instead[name], hour)).toBe(valueAt(edited[name], hour))
      }),
      { numRuns: 1_000 },
    )
  })

  test('is good when it changes nothing, and as soon as it changes nothing but hours ahead', () => {
    const faults = (edited: string) => editFaults(schedulesOf('1'), schedulesOf(edited), NOW_MS)
    expect(faults('1')).toEqual([])
    expect(faults('1, 16@2026-11-25T09Z')).toEqual([])
    expect(faults('1, 16@2026-11-25T08Z')).toMatchObject([
      { reason: 'soon', hour: parseHour('2026-11-25T08Z') },
    ])
  })

  test('of a number without an hour names the oldest hour that is still open', () => {
    const [fault, ...others] = editFaults(schedulesOf('1'), schedulesOf('16'), NOW_MS)
    expect(others).toEqual([])
    expect(fault).toMatchObject({ variable: 'SHARDS', deployed: 1, edited: 16, reason: 'begun' })
    expect(formatHour(fault?.hour ?? NOW)).toBe('2026-11-22T06Z')
    expect(formatSchedule(fault?.instead ?? [])).toBe('1, 16@2026-11-25T09Z')
  })

  test('may drop an entry once its hours have retired, and not an hour before', () => {
    const atMs = (nowMs: number) => editFaults(schedulesOf('1, 16@2026-11-20T00Z'), schedulesOf('16'), nowMs)
    // The last hour with 1 shard ends with the 19th; the edge closes it 72 hours later, and it retires after 70 minutes.
    expect(atMs(Date.UTC(2026, 10, 23, 1, 10))).toEqual([])
    expect(atMs(Date.UTC(2026, 10, 23, 1, 10) - 1)).toMatchObject([{ hour: parseHour('2026-11-19T23Z') }])
  })

  test('[Z1] may not open an hour again that could have retired', () => {
    const faults = editFaults(schedulesOf('1', '24, 72@2026-11-24T00Z'), schedulesOf('1', '72'), NOW_MS)
    expect(faults).toMatchObject([
      {
        variable: 'LATE_HOURS',
        hour: parseHour('2026-11-22T06Z'),
        deployed: 24,
        edited: 72,
        reason: 'reopened',
      },
    ])
  })

  test('[R1] may not drop the entry of an hour of which a shard still holds something', () => {
    const [hour] = [parseHour('2026-09-30T05Z') ?? NOW]
    const faults = editFaults(schedulesOf('16, 1@2026-10-01T00Z'), schedulesOf('1'), NOW_MS, {
      unsealed: [hour],
    })
    expect(faults).toMatchObject([{ variable: 'SHARDS', hour, deployed: 16, edited: 1, reason: 'unsettled' }])
  })

  test('costs no more when hours stay open for a century', () => {
    const faults = editFaults(schedulesOf('1', '1000000'), schedulesOf('2', '1000000'), NOW_MS)
    expect(faults).toMatchObject([{ variable: 'SHARDS', deployed: 1, edited: 2 }])
  })
})

test('a schedule is written as it is read', () => {
  fc.assert(
    fc.property(schedules(fc.integer({ min: 0, max: 300 })), (schedule) => {
      expect(scheduleOf(formatSchedule(schedule))).toEqual(schedule)
    }),
  )
})
