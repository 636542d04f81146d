import { CLOSE_GRACE_MS, RETIRE_GRACE_MS } from '../limits.ts'
import type { Hour } from './hour.ts'
import { addHours, DAY_MS, HOUR_MS, hourEndMs, hourOf } from './hour.ts'
import type { Schedule } from './schedule.ts'
import { valueAt } from './schedule.ts'

/** When the edge stops taking increments of an hour, in epoch ms. */
export function edgeClosesMs(hour: Hour, lateHours: Schedule): number {
  return hourEndMs(hour) + valueAt(lateHours, hour) * 3_600_000
}

/**
 * When the hour's shard stops taking increments, in epoch ms: later than every edge, because their clocks may differ.
 */
export function shardClosesMs(hour: Hour, lateHours: Schedule): number {
  return edgeClosesMs(hour, lateHours) + CLOSE_GRACE_MS
}

/** When a shard that holds nothing may retire, in epoch ms. */
export function retireAtMs(hour: Hour, lateHours: Schedule): number {
  return edgeClosesMs(hour, lateHours) + RETIRE_GRACE_MS
}

/** A shard's answer about the keys under a prefix, all from one turn. In increments. */
export type Settlement = {
  /**
   * Whether this shard will take no more, wherever it runs next. See `canNeverReopen`. The field keeps its name because
   * older deployed versions send it.
   */
  readonly isShut: boolean
  /** Increments that Postgres may not have yet, without the parked ones. */
  readonly pending: number
  readonly parked: number
}

/** Whether an hour takes increments, takes none but has not settled, or can never change again. */
export type HourState = 'open' | 'closing' | 'final'

/**
 * When an hour may be said to be final, so that it is never taken back:
 *
 * 1. Nothing enters but through `merge` of one of the hour's shards, which are known: their number is fixed once the
 *    hour has begun. [K2] What a shard answers it says in one turn, so nothing comes between its clock and its count.
 * 2. `merge` refuses from CLOSE_GRACE_MS after the edge's close on, by the clock of the machine that the shard is on,
 *    whenever the flight took off and whatever the edge's clock had said. A flight that is known gets its first
 *    answer and adds nothing. After that an increment could only enter if the shard moved to a machine whose clock is
 *    behind. A shard that holds nothing may write nothing, so it cannot store that it has closed. Therefore it counts as
 *    shut only from the time at which it may also retire: a clock would have to be behind by RETIRE_GRACE_MS -
 *    CLOSE_GRACE_MS, an hour. The same hour ensures that a retired shard is not made again. [Z1]
 * 3. Pending is 0 only when Postgres has confirmed every batch; a copy of one that comes later applies nothing. [P1]
 *    Parked is 0 only when it was retried, and then settled, or discarded, which is for ever.
 * 4. Each shard's answer holds from then on, so it does no harm that they were asked at different instants.
 * 5. Neither the edge's clock nor its opinion is asked: an edge that is behind could only send what is refused.
 *
 * Within seconds of that time, a machine whose clock is behind may still say `closing` where another has said `final`:
 * it does not know yet, and nothing has changed.
 *
 * What could still take it back is nobody's to promise: `LATE_HOURS` or `SHARDS` changed for an hour that has begun,
 * storage rewound, rows changed by SQL.
 */
export function stateOf(
  hour: Hour,
  settlements: readonly Settlement[],
  { lateHours, nowMs }: { readonly lateHours: Schedule; readonly nowMs: number },
): HourState {
  if (settlements.every(isSettled)) return 'final'
  return nowMs < edgeClosesMs(hour, lateHours) ? 'open' : 'closing'
}

/** Whether a shard of this hour, at this time of its own clock, will take no more increments. See `stateOf`. */
export function canNeverReopen(hour: Hour, lateHours: Schedule, nowMs: number): boolean {
  return nowMs >= retireAtMs(hour, lateHours)
}

function isSettled(settlement: Settlement): boolean {
  return settlement.isShut && settlement.pending === 0 && settlement.parked === 0
}

/** A shard of a closed hour with its writers that nobody has sealed. */
export type Straggler = { readonly shard: string; readonly writers: readonly string[] }

/** Deletes rows of the UTC days that end before this hour, but of those that are not made. `hasMore` when one sweep may not delete all. */
export type DeleteBefore = (before: Hour) => Promise<Deleted>

export type Deleted = { readonly deleted: number; readonly hasMore: boolean }

/**
 * The fewest days that hours may be kept: until every hour, whatever LATE_HOURS is in force for it, takes nothing more
 * and its shards may have retired.
 */
export function retentionDaysMin(lateHours: Schedule): number {
  const longest = Math.max(...lateHours.map(({ value }) => value))
  return Math.max(1, Math.ceil((longest * HOUR_MS + RETIRE_GRACE_MS) / DAY_MS))
}

/**
 * The first hour that stays. The hours before it ended at least `days` days ago, and none of them may still be open.
 */
export function firstKeptHour(nowMs: number, days: number, lateHours: Schedule): Hour {
  return Math.min(hourOf(nowMs - days * DAY_MS), firstUnfinishedHour(nowMs, lateHours)) as Hour
}

/**
 * The first hour that may not be past `retireAtMs`; all before it are. Each step of the schedule has a first hour of
 * its own: where LATE_HOURS became smaller, the hours before the change are open for longer than those after it.
 */
function firstUnfinishedHour(nowMs: number, lateHours: Schedule): Hour {
  const firsts = lateHours.map(({ from, value }, i) => {
    const first = Math.max(from, hourOf(nowMs - RETIRE_GRACE_MS - value * HOUR_MS))
    const end = lateHours[i + 1]?.from ?? Number.POSITIVE_INFINITY
    return first < end ? first : Number.POSITIVE_INFINITY
  })
  return Math.min(...firsts) as Hour
}

/**
 * The first hour that is open; those before it are closed. Where a schedule closes a later hour sooner, that hour counts
 * as open until the earlier ones have closed.
 */
export function firstOpenHour(nowMs: number, lateHours: Schedule): Hour {
  let hour = hourOf(nowMs)
  while (edgeClosesMs(addHours(hour, -1), lateHours) > nowMs) hour = addHours(hour, -1)
  return hour
}
