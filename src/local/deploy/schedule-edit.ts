import { RETIRE_GRACE_MS } from '../../limits.ts'
import { retireAtMs } from '../../model/closing.ts'
import type { Hour } from '../../model/hour.ts'
import { addHours, firstHourFrom, HOUR_MS, hourOf, hourStartMs } from '../../model/hour.ts'
import type { Schedule } from '../../model/schedule.ts'
import { valueAt } from '../../model/schedule.ts'

/** What a deployment sets hour by hour. */
export type Schedules = { readonly SHARDS: Schedule; readonly LATE_HOURS: Schedule }

/** The first hour of a variable that an edit may not change, and what it would make of it. */
export type EditFault = {
  readonly variable: keyof Schedules
  readonly hour: Hour
  readonly deployed: number
  readonly edited: number
  /**
   * - `begun`: the hour's shards may hold something, or take it.
   * - `soon`: the hour begins before the edit is certain to be live everywhere.
   * - `reopened`: the hour's shards may have retired, and forgotten which ids they had.
   * - `unsettled`: the hour's shards could have retired long ago, and one of them still holds something.
   */
  readonly reason: 'begun' | 'soon' | 'reopened' | 'unsettled'
  /** The same edit, put off to the first hour that it may change. */
  readonly instead: Schedule
}

/**
 * What an edit of the schedules would do to hours whose values must stay. [K2] [Z1]
 *
 * They stay from one full hour before the hour begins, for a deploy takes its time, until its shards may retire. That is
 * by the deployed LATE_HOURS and by the edited: an edit that says longer would otherwise open a retired hour again.
 *
 * @param unsealed hours with a writer that has not been sealed, as the ledger has it. A shard that waits for Postgres, or
 *   has cells parked, does not retire; with other SHARDS nobody would ask it again, and its hour be called final.
 * @returns a fault for each variable that has one; none when the edit is good.
 */
export function editFaults(
  deployed: Schedules,
  edited: Schedules,
  nowMs: number,
  unsealed: readonly Hour[] = [],
): EditFault[] {
  const to = editableFrom(nowMs)
  const open = spans(deployed, edited).flatMap((span) => {
    const late = Math.max(valueAt(deployed.LATE_HOURS, span.from), valueAt(edited.LATE_HOURS, span.from))
    const from = later(span.from, firstUnretired(late, nowMs))
    return from < earlier(span.to, to) ? [from] : []
  })
  const kept = { SHARDS: [...unsealed, ...open].sort((a, b) => a - b), LATE_HOURS: open }
  return (['SHARDS', 'LATE_HOURS'] as const).flatMap((variable): EditFault[] => {
    const [was, is] = [deployed[variable], edited[variable]]
    const hour = kept[variable].find((from) => valueAt(was, from) !== valueAt(is, from))
    if (hour === undefined) return []
    const values = { deployed: valueAt(was, hour), edited: valueAt(is, hour) }
    const reason = reasonOf(hour, deployed, edited, nowMs)
    return [{ variable, hour, ...values, reason, instead: putOff(was, is, to) }]
  })
}

/** The first hour that a deploy may give other values: it begins at least one full hour later. */
export function editableFrom(nowMs: number): Hour {
  return firstHourFrom(nowMs + HOUR_MS)
}

/** The first hour whose shards may not retire yet when it takes increments for so many hours: see `retireAtMs`. */
function firstUnretired(late: number, nowMs: number): Hour {
  return addHours(hourOf(nowMs - RETIRE_GRACE_MS), -late)
}

/** All hours, in spans over which nothing changes. LATE_HOURS may be a million: not hour by hour. */
function spans(...all: readonly Schedules[]): { from: Hour; to: Hour }[] {
  const steps = all.flatMap(({ SHARDS, LATE_HOURS }) => [...SHARDS, ...LATE_HOURS])
  const starts = [...new Set(steps.map(({ from }) => from))].sort((a, b) => a - b)
  return starts.map((from, i) => ({ from, to: starts[i + 1] ?? (Number.POSITIVE_INFINITY as Hour) }))
}

function reasonOf(hour: Hour, deployed: Schedules, edited: Schedules, nowMs: number): EditFault['reason'] {
  if (hourStartMs(hour) > nowMs) return 'soon'
  if (retireAtMs(hour, deployed.LATE_HOURS) > nowMs) return 'begun'
  return retireAtMs(hour, edited.LATE_HOURS) > nowMs ? 'reopened' : 'unsettled'
}

/** One schedule until an hour, and the other from then on. */
function putOff(until: Schedule, then: Schedule, hour: Hour): Schedule {
  const before = until.filter(({ from }) => from < hour)
  const after = then.filter(({ from }) => from > hour)
  const value = valueAt(then, hour)
  return before.at(-1)?.value === value ? [...before, ...after] : [...before, { from: hour, value }, ...after]
}

function later(a: Hour, b: Hour): Hour {
  return a > b ? a : b
}

function earlier(a: Hour, b: Hour): Hour {
  return a < b ? a : b
}
