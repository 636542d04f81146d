import type { Config } from '../../config.ts'
import { DATABASE_SLEEPS_MS, SWEEP_HOURS, SWEEP_SHARDS_MAX } from '../../limits.ts'
import type { Deleted } from '../../model/closing.ts'
import { firstKeptHour, firstOpenHour } from '../../model/closing.ts'
import { addHours, hourOf } from '../../model/hour.ts'
import { shardsOf } from '../../model/shard-name.ts'
import type { Database, Shards } from '../ports.ts'

export type SweepServices = {
  readonly config: Pick<Config, 'shards' | 'lateHours' | 'retentionDays' | 'flushIntervalMs'>
  readonly shards: Pick<Shards, 'wake'>
  readonly database: Pick<Database, 'prune' | 'stragglers' | 'deleteBefore'>
}

export type Swept = Woken & Deleted & { readonly pruned: number }

type Woken = { readonly woken: number; readonly failed: number }

/** The hour of the day in UTC whose sweep also asks Postgres. */
const DAILY_AT = 3

/**
 * The sweep. If one sweep could not delete everything, the next hour's sweep continues. That is kept in memory only, so a
 * new isolate waits for the daily sweep.
 */
export function sweeper(services: SweepServices): (nowMs: number) => Promise<Swept> {
  let hadMore = false
  return async (nowMs) => {
    const swept = await sweep(nowMs, services, hadMore)
    hadMore = swept.hasMore
    return swept
  }
}

/**
 * Wakes the shards of the last hours each hour, without SQL, in case the platform has lost an alarm. Once a day it also
 * prunes the ledger, wakes the shards of closed hours that have not sealed their writers, and deletes hours that are
 * older than RETENTION_DAYS; where flushes keep the database awake anyway, it deletes each hour. [F4]
 *
 * @param hadMore whether the previous sweep left something undeleted; false when that is not known.
 */
async function sweep(nowMs: number, services: SweepServices, hadMore: boolean): Promise<Swept> {
  const hour = hourOf(nowMs)
  const recent = Array.from({ length: SWEEP_HOURS }, (_, i) => addHours(hour, -i))
  const names = recent.flatMap((each) => shardsOf(each, services.config.shards)).slice(0, SWEEP_SHARDS_MAX)
  const isDaily = hour % 24 === DAILY_AT
  const woken = await wakeAll(names, services)
  const tidied = isDaily ? await pruneAndWake(nowMs, services) : { woken: 0, failed: 0, pruned: 0 }
  const isTime = isDaily || hadMore || services.config.flushIntervalMs < DATABASE_SLEEPS_MS
  const deleted = isTime ? await deleteOld(nowMs, services) : NOTHING_DELETED
  return {
    woken: woken.woken + tidied.woken,
    failed: woken.failed + tidied.failed,
    pruned: tidied.pruned,
    ...deleted,
  }
}

async function pruneAndWake(nowMs: number, services: SweepServices) {
  const { config, database } = services
  const pruned = await database.prune()
  const stragglers = await database.stragglers(firstOpenHour(nowMs, config.lateHours))
  return { ...(await wakeAll(stragglers, services)), pruned }
}

const NOTHING_DELETED: Deleted = { deleted: 0, hasMore: false }

async function deleteOld(nowMs: number, { config, database }: SweepServices): Promise<Deleted> {
  const { retentionDays, lateHours } = config
  if (retentionDays === undefined) return NOTHING_DELETED
  return database.deleteBefore(firstKeptHour(nowMs, retentionDays, lateHours))
}

async function wakeAll(names: readonly string[], { shards }: SweepServices): Promise<Woken> {
  const results = await Promise.allSettled(names.map((name) => shards.wake(name)))
  const failed = results.filter(({ status }) => status === 'rejected').length
  return { woken: names.length - failed, failed }
}
