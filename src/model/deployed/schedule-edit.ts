import { RETIRE_GRACE_MS } from '../../limits.ts'
import { retireAtMs } from '../closing.ts'
import type { Hour } from '../hour.ts'
import { addHours, firstHourFrom, HOUR_MS, hourOf, hourStartMs } from '../hour.ts'
import type { Schedule } from '../schedule.ts'
import { valueAt } from '../schedule.ts'

/** The variables that have a value for each hour. */
export type Schedules = { readonly SHARDS: Schedule; readonly LATE_HOURS: Schedule }

/** The first hour whose value an edit must not change, with its value before and after the edit. */
export type EditFault = {
  readonly variable: keyof Schedules
  readonly hour: Hour
  readonly deployed: number
  readonly edited: number
  /**
   * - `begun`: the hour's shards may hold increments, or still take some.
   * - `soon`: the hour begins before the edit is certain to be live everywhere.
   * - `reopened`: the hour's shards may have retired, and with them the ids that they knew.
   * - `unsettled`: the hour's shards could have retired long ago, but one of them still holds something.
   */
  readonly reason: 'begun' | 'soon' | 'reopened' | 'unsettled'
  /** A schedule that makes this edit from the first hour that it may change. */
  readonly instead: Schedule
}

/** Hours that an edit is held against, beyond those that the clock tells. */
export type EditBounds = {
  /** Hours with a writer that is not sealed, according to the ledger. */
  readonly unsealed?: readonly Hour[]
  /** The first hour that the edit may change; without it, the first that begins at least one full hour from now. */
  readonly to?: Hour
}

/**
 * Finds the first hour of each variable whose value an edit would change although it must stay. [K2] [Z1]
 *
 * An hour's values stay from one full hour before it begins, because a deploy takes time, until its shards may retire. The
 * larger LATE_HOURS counts, the deployed one or the edited one: otherwise a longer one would open a retired hour again.
 *
 * A shard that waits for Postgres, or has parked cells, does not retire, so its hour is among the unsealed. With other
 * SHARDS nothing would ask that shard again, and its hour would count as final.
 *
 * @returns a fault for each variable that has one; none when the edit is good.
 */
export function editFaults(
  deployed: Schedules,
  edited: Schedules,
  nowMs: number,
  { unsealed = [], to = editableFrom(nowMs) }: EditBounds = {},
): EditFault[] {
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
    return [{ variable, hour, ...values, reason, instead: putOff(was, is, editableFrom(nowMs)) }]
  })
}

/** The first hour to which a deploy may give other values. It begins at least one full hour from now. */
export function editableFrom(nowMs: number): Hour {
  return firstHourFrom(nowMs + HOUR_MS)
}

/** The first hour whose shards may not retire yet, when each hour takes increments for `late` hours: see `retireAtMs`. */
function firstUnretired(late: number, nowMs: number): Hour {
  return addHours(hourOf(nowMs - RETIRE_GRACE_MS), -late)
}

/** All hours, in spans in which no value changes. Going hour by hour would be slow, because LATE_HOURS may be a million. */
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

/** `until` before the hour, and `then` from that hour on. */
export function putOff(until: Schedule, then: Schedule, hour: Hour): Schedule {
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
