import { RETIRE_GRACE_MS } from '../limits.ts'
import type { Hour } from './hour.ts'
import { HOUR_MS, hourOf } from './hour.ts'
import type { Schedule } from './schedule.ts'

/** Deletes rows of hours before this one: all of them, or as many as one sweep may, and then there are more. */
export type DeleteBefore = (before: Hour) => Promise<Deleted>

export type Deleted = { readonly deleted: number; readonly hasMore: boolean }

const DAY_MS = 24 * HOUR_MS

/**
 * The fewest days that hours may be kept: until each, whatever LATE_HOURS is in force for it, takes nothing more and its
 * shards may have retired.
 */
export function retentionDaysMin(lateHours: Schedule): number {
  const longest = Math.max(...lateHours.map(({ value }) => value))
  return Math.max(1, Math.ceil((longest * HOUR_MS + RETIRE_GRACE_MS) / DAY_MS))
}

/** The first hour that stays: those before it ended at least `days` days ago, and none of them may still be open. */
export function firstKeptHour(nowMs: number, days: number, lateHours: Schedule): Hour {
  return Math.min(hourOf(nowMs - days * DAY_MS), firstUnfinishedHour(nowMs, lateHours)) as Hour
}

/**
 * All hours before it are past `retireAtMs`. Each step of the schedule has a first of its own: where LATE_HOURS became
 * smaller, the hours before the change are open for longer than those after it.
 */
function firstUnfinishedHour(nowMs: number, lateHours: Schedule): Hour {
  const firsts = lateHours.map(({ from, value }, i) => {
    const first = Math.max(from, hourOf(nowMs - RETIRE_GRACE_MS - value * HOUR_MS))
    const end = lateHours[i + 1]?.from ?? Number.POSITIVE_INFINITY
    return first < end ? first : Number.POSITIVE_INFINITY
  })
  return Math.min(...firsts) as Hour
}
