import { SWEEP_HOURS, SWEEP_SHARDS_MAX } from '../../limits.ts'
import type { DeleteBefore, Deleted } from '../../model/closing.ts'
import { firstKeptHour, firstOpenHour } from '../../model/closing.ts'
import type { Hour } from '../../model/hour.ts'
import { addHours, hourOf } from '../../model/hour.ts'
import type { Schedule } from '../../model/schedule.ts'
import { shardsOf } from '../../model/shard-name.ts'

export type SweepServices = {
  readonly shards: Schedule
  readonly lateHours: Schedule
  /** Wakes a shard, which arms a lost alarm again. Writes nothing where there is nothing. */
  readonly wake: (shard: string) => Promise<void>
  readonly prune: () => Promise<number>
  readonly stragglers: (before: Hour) => Promise<readonly string[]>
  /** Undefined keeps hours for ever. */
  readonly retentionDays: number | undefined
  readonly deleteBefore: DeleteBefore
  /** Whether flushes keep the database awake anyway. */
  readonly isKeptAwake: boolean
}

export type Swept = Woken & Deleted & { readonly pruned: number }

type Woken = { readonly woken: number; readonly failed: number }

/** The hour of the day, UTC, whose sweep also asks Postgres. */
const DAILY_AT = 3

/** The sweep, which goes on in the next hour where it had more to delete than it may. The isolate alone remembers that. */
export function sweeper(services: SweepServices): (nowMs: number) => Promise<Swept> {
  let hadMore = false
  return async (nowMs) => {
    const swept = await sweep(nowMs, services, hadMore)
    hadMore = swept.hasMore
    return swept
  }
}

/**
 * What the hourly cron does: wakes the shards of the last hours, without SQL, in case the platform has lost an alarm.
 * Once a day it also prunes the ledger, wakes the shards of closed hours that have not sealed their writers, and
 * deletes what is older than it is to be kept; each hour, where the database is awake anyway. [F4]
 *
 * @param hadMore whether the sweep before had more to delete than it may. Who does not remember says no.
 */
async function sweep(nowMs: number, services: SweepServices, hadMore: boolean): Promise<Swept> {
  const hour = hourOf(nowMs)
  const recent = Array.from({ length: SWEEP_HOURS }, (_, i) => addHours(hour, -i))
  const names = recent.flatMap((each) => shardsOf(each, services.shards)).slice(0, SWEEP_SHARDS_MAX)
  const isDaily = hour % 24 === DAILY_AT
  const woken = await wakeAll(names, services)
  const tidied = isDaily ? await tidy(nowMs, services) : { woken: 0, failed: 0, pruned: 0 }
  const isTime = isDaily || hadMore || services.isKeptAwake
  const deleted = isTime ? await retain(nowMs, services) : NOTHING_DELETED
  return {
    woken: woken.woken + tidied.woken,
    failed: woken.failed + tidied.failed,
    pruned: tidied.pruned,
    ...deleted,
  }
}

async function tidy(nowMs: number, services: SweepServices) {
  const pruned = await services.prune()
  const late = await wakeAll(await services.stragglers(firstOpenHour(nowMs, services.lateHours)), services)
  return { ...late, pruned }
}

const NOTHING_DELETED: Deleted = { deleted: 0, hasMore: false }

async function retain(nowMs: number, { retentionDays, lateHours, deleteBefore }: SweepServices) {
  if (retentionDays === undefined) return NOTHING_DELETED
  return deleteBefore(firstKeptHour(nowMs, retentionDays, lateHours))
}

async function wakeAll(names: readonly string[], { wake }: SweepServices): Promise<Woken> {
  const results = await Promise.allSettled(names.map(wake))
  const failed = results.filter(({ status }) => status === 'rejected').length
  return { woken: names.length - failed, failed }
}
