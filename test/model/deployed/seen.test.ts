import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Schedules } from '../../../src/model/deployed/schedule-edit.ts'
import { compareSeen, encodeSeen, type Seen, seenSchema } from '../../../src/model/deployed/seen.ts'
import { formatHour, HOUR_MS, hourOf } from '../../../src/model/hour.ts'
import { formatSchedule, valueAt } from '../../../src/model/schedule.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW_MS = Date.UTC(2026, 10, 25, 7, 7)

const schedulesOf = (shards: string, lateHours = '72'): Schedules => ({
  SHARDS: scheduleOf(shards),
  LATE_HOURS: scheduleOf(lateHours),
})

const seenAt = (atMs: number, shards: string, lateHours?: string): Seen => ({
  schedules: schedulesOf(shards, lateHours),
  atMs,
})

test('the first look records what runs', () => {
  const schedules = schedulesOf('4')
  const { record, faults } = compareSeen(null, { schedules, nowMs: NOW_MS, uploadedMs: undefined })
  expect(record).toEqual({ schedules, atMs: NOW_MS })
  expect(faults).toEqual([])
})

test('[K2] a deploy that gives a begun hour another value is noticed, with a schedule that gives it back', () => {
  const seen = seenAt(NOW_MS - HOUR_MS, '1')
  const uploadedMs = NOW_MS - HOUR_MS / 2
  const running = { schedules: schedulesOf('16'), nowMs: NOW_MS, uploadedMs }
  const { faults, record } = compareSeen(seen, running)
  expect(faults).toMatchObject([{ variable: 'SHARDS', deployed: 1, edited: 16 }])
  // 07Z began after the upload, with 16.
  expect(formatSchedule(faults[0]?.instead ?? [])).toBe('1, 16@2026-11-25T07Z')
  expect(formatSchedule(record.schedules.SHARDS)).toBe('1, 16@2026-11-25T07Z')
  // An hour later it is still so, and once that schedule is deployed, it is over.
  const later = { ...running, nowMs: NOW_MS + HOUR_MS }
  expect(compareSeen(record, later).faults).toHaveLength(1)
  const mended = { SHARDS: faults[0]?.instead ?? [], LATE_HOURS: running.schedules.LATE_HOURS }
  expect(compareSeen(record, { ...later, schedules: mended, uploadedMs: NOW_MS + 1 }).faults).toEqual([])
})

test('a change that begins after its upload is no fault, however late the cron looks', () => {
  const seen = seenAt(NOW_MS - 24 * HOUR_MS, '1')
  const uploadedMs = NOW_MS - 20 * HOUR_MS
  const from = formatHour(hourOf(NOW_MS - 18 * HOUR_MS))
  const schedules = schedulesOf(`1, 16@${from}`)
  expect(compareSeen(seen, { schedules, nowMs: NOW_MS, uploadedMs })).toEqual({
    record: { schedules, atMs: NOW_MS },
    faults: [],
  })
})

test('a roll-back to an older version counts as one of just now', () => {
  const seen = seenAt(NOW_MS - HOUR_MS, '16')
  const running = { schedules: schedulesOf('1'), nowMs: NOW_MS, uploadedMs: NOW_MS - 240 * HOUR_MS }
  expect(compareSeen(seen, running).faults).toMatchObject([{ variable: 'SHARDS', deployed: 16, edited: 1 }])
})

test('the fault ends when the last hour that it concerns may have retired', () => {
  let seen = seenAt(NOW_MS, '1', '2')
  const uploadedMs = NOW_MS + 1
  const ends = []
  for (let hours = 1; hours < 8; hours++) {
    const running = { schedules: schedulesOf('2', '2'), nowMs: NOW_MS + hours * HOUR_MS, uploadedMs }
    const { record, faults } = compareSeen(seen, running)
    ends.push(faults.length)
    seen = record
  }
  // 07Z takes increments until 10Z, and may retire 70 minutes after.
  expect(ends).toEqual([1, 1, 1, 1, 0, 0, 0])
})

test('the record says of each hour what it began with, whatever is deployed and whenever the cron looks', () => {
  const deploys = fc.array(
    fc.record({ minutes: fc.integer({ min: 61, max: 400 }), shards: fc.integer({ min: 1, max: 5 }) }),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(deploys, (steps) => {
      let nowMs = NOW_MS
      let seen: Seen | null = compareSeen(null, {
        schedules: schedulesOf('1'),
        nowMs,
        uploadedMs: undefined,
      }).record
      const began = new Map<number, number>()
      let shards = 1
      for (const step of steps) {
        const uploadedMs = nowMs + 1
        for (let hour = hourOf(nowMs); hour <= hourOf(nowMs + step.minutes * 60_000); hour++) {
          if (!began.has(hour)) began.set(hour, hour === hourOf(nowMs) ? shards : step.shards)
        }
        shards = step.shards
        nowMs += step.minutes * 60_000
        const { record, faults } = compareSeen(seen, {
          schedules: schedulesOf(`${shards}`),
          nowMs,
          uploadedMs,
        })
        const isRight = [...began].every(
          ([hour, value]) => valueAt(record.schedules.SHARDS, hour as never) === value,
        )
        expect(isRight || faults.length === 0).toBe(true)
        expect(faults.length > 0).toBe([...began.values()].some((value) => value !== shards))
        seen = record
      }
    }),
  )
})

test('a record is read as it was written', () => {
  const seen = seenAt(NOW_MS, '1, 16@2026-12-01T00Z', '72, 24@2026-12-01T00Z')
  expect(seenSchema.parse(JSON.parse(JSON.stringify(encodeSeen(seen))))).toEqual(seen)
})
