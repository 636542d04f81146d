import { editFaults, type Schedules } from '../../src/model/deployed/schedule-edit.ts'
import { addHours, formatHour, type Hour, hourOf } from '../../src/model/hour.ts'
import { formatSchedule, lateHoursSchema, type Schedule, shardsSchema } from '../../src/model/schedule.ts'
import type { Chance } from './chance.ts'
import { Violation } from './scheduler.ts'

/** How a deploy is made: its time, and the hours with a writer that Postgres has not sealed. */
export type Editing = {
  readonly chance: Chance
  readonly nowMs: number
  readonly unsealed: readonly Hour[]
}

/**
 * Edits schedules as a person writes them, from any hour on. An edit of an hour that has begun is refused, and then written as
 * the refusal advises. [K2]
 *
 * @returns the schedules to deploy, and whether the first edit was refused.
 */
export function editInWords(
  deployed: Schedules,
  wanted: Readonly<Record<keyof Schedules, number | undefined>>,
  editing: Editing,
): Schedules & { readonly isRefused: boolean } {
  const { nowMs, unsealed } = editing
  const edited = {
    SHARDS: shardsSchema.parse(edit(deployed.SHARDS, wanted.SHARDS, editing)),
    LATE_HOURS: lateHoursSchema.parse(edit(deployed.LATE_HOURS, wanted.LATE_HOURS, editing)),
  }
  const faults = editFaults(deployed, edited, nowMs, { unsealed })
  const advised = {
    ...edited,
    ...Object.fromEntries(faults.map(({ variable, instead }) => [variable, instead])),
  }
  const [left] = editFaults(deployed, advised, nowMs, { unsealed })
  if (left !== undefined) throw new Violation(`[K2] a deploy is refused as it was advised: ${left.reason}`)
  return { ...advised, isRefused: faults.length > 0 }
}

/** A schedule with one more step, or in place of the steps from there on. */
function edit(schedule: Schedule, value: number | undefined, { chance, nowMs }: Editing): string {
  const text = formatSchedule(schedule)
  if (value === undefined) return text
  const from = addHours(hourOf(nowMs), chance.between(-4, 6))
  const before = schedule.filter((step) => step.from < from)
  return `${formatSchedule(before)}, ${value}@${formatHour(from)}`
}
