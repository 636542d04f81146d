import { z } from 'zod'
import { addHours, firstHourFrom, hourOf } from '../hour.ts'
import { formatSchedule, lateHoursSchema, shardsSchema } from '../schedule.ts'
import type { EditFault, Schedules } from './schedule-edit.ts'
import { editFaults, putOff } from './schedule-edit.ts'

/** The schedules that each hour began with, as a Worker's cron has seen them run. */
export type Seen = {
  readonly schedules: Schedules
  /** When the cron last looked, in epoch ms. */
  readonly atMs: number
}

/** A Worker that runs, and when. */
export type Running = {
  readonly schedules: Schedules
  readonly nowMs: number
  /** When its version was uploaded, in epoch ms; undefined where the Worker is not told. */
  readonly uploadedMs: number | undefined
}

/**
 * Compares the schedules of the Worker that runs with those that each hour began with. A deploy by wrangler alone is checked by
 * nobody before it goes live, so this can only say afterwards that an hour has changed its values. [K2]
 *
 * Hours that began before the version was uploaded began with other values. A version that is older than the last look came back
 * by a roll-back, of which nobody knows when it was, and then every hour until now counts as one that began before.
 *
 * @returns the record to keep, and a fault for each variable that has another value in an hour that has begun and may not have
 *   retired.
 */
export function compareSeen(
  seen: Seen | null,
  { schedules, nowMs, uploadedMs }: Running,
): { readonly record: Seen; readonly faults: readonly EditFault[] } {
  if (seen === null) return { record: { schedules, atMs: nowMs }, faults: [] }
  const isNewer = uploadedMs !== undefined && uploadedMs >= seen.atMs
  const from = firstHourFrom(isNewer ? Math.min(uploadedMs, nowMs) : nowMs)
  const began = {
    SHARDS: putOff(seen.schedules.SHARDS, schedules.SHARDS, from),
    LATE_HOURS: putOff(seen.schedules.LATE_HOURS, schedules.LATE_HOURS, from),
  }
  const faults = editFaults(began, schedules, nowMs, { to: addHours(hourOf(nowMs), 1) })
  // Without a fault the two agree on all hours that are not over, and old steps go from the record as they go from the var.
  return { record: { schedules: faults.length === 0 ? schedules : began, atMs: nowMs }, faults }
}

/** The column `value` of a row in `sumdial.settings`: see docs/storage.md. */
export const seenSchema = z
  .object({
    v: z.literal(1),
    SHARDS: shardsSchema,
    LATE_HOURS: lateHoursSchema,
    seen: z.iso.datetime().transform((text) => Date.parse(text)),
  })
  .transform(({ SHARDS, LATE_HOURS, seen }): Seen => ({ schedules: { SHARDS, LATE_HOURS }, atMs: seen }))

/** The inverse of `seenSchema`. */
export function encodeSeen({ schedules, atMs }: Seen): z.input<typeof seenSchema> {
  return {
    v: 1,
    SHARDS: formatSchedule(schedules.SHARDS),
    LATE_HOURS: formatSchedule(schedules.LATE_HOURS),
    seen: new Date(atMs).toISOString(),
  }
}

/** In front of the names of such rows in `sumdial.settings`; behind it is the id of the Worker's namespace of shards. */
export const SEEN_PREFIX = 'seen:'
