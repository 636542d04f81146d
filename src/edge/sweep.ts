import { SWEEP_HOURS, SWEEP_SHARDS_MAX } from '../limits.ts'
import type { Hour } from '../model/hour.ts'
import { addHours, hourOf } from '../model/hour.ts'
import { edgeClosesMs } from '../model/increment.ts'
import type { Schedule } from '../model/schedule.ts'
import { shardsOf } from '../model/shard-name.ts'

export type SweepServices = {
  readonly shards: Schedule
  readonly lateHours: Schedule
  /** Wakes a shard, which arms a lost alarm again. Writes nothing where there is nothing. */
  readonly wake: (shard: string) => Promise<void>
  readonly prune: () => Promise<number>
  readonly stragglers: (before: Hour) => Promise<readonly string[]>
}

export type Swept = { readonly woken: number; readonly failed: number; readonly pruned: number }

/** The hour of the day, UTC, whose sweep also asks Postgres. */
const DAILY_AT = 3

/**
 * What the hourly cron does: wakes the shards of the last hours, without SQL, in case the platform has lost an alarm.
 * Once a day it also prunes the ledger, and wakes the shards of closed hours that have not sealed their writers. [F4]
 */
export async function sweep(nowMs: number, services: SweepServices): Promise<Swept> {
  const hour = hourOf(nowMs)
  const recent = Array.from({ length: SWEEP_HOURS }, (_, i) => addHours(hour, -i))
  const names = recent.flatMap((each) => shardsOf(each, services.shards)).slice(0, SWEEP_SHARDS_MAX)
  const isDaily = hour % 24 === DAILY_AT
  const woken = await wakeAll(names, services)
  if (!isDaily) return { ...woken, pruned: 0 }
  const pruned = await services.prune()
  const late = await wakeAll(await services.stragglers(firstOpenHour(nowMs, services.lateHours)), services)
  return { woken: woken.woken + late.woken, failed: woken.failed + late.failed, pruned }
}

async function wakeAll(names: readonly string[], { wake }: SweepServices) {
  const results = await Promise.allSettled(names.map(wake))
  const failed = results.filter(({ status }) => status === 'rejected').length
  return { woken: names.length - failed, failed }
}

/** Hours before it are closed. A schedule may close a later hour sooner; that one has its turn on another day. */
function firstOpenHour(nowMs: number, lateHours: Schedule): Hour {
  let hour = hourOf(nowMs)
  while (edgeClosesMs(addHours(hour, -1), lateHours) > nowMs) hour = addHours(hour, -1)
  return hour
}
