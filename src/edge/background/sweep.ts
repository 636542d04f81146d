import type { Config } from '../../config.ts'
import { DATABASE_SLEEPS_MS, SWEEP_HOURS, SWEEP_SHARDS_MAX } from '../../limits.ts'
import { describeReason, type Log } from '../../log.ts'
import type { Deleted } from '../../model/closing.ts'
import { firstKeptHour, firstOpenHour } from '../../model/closing.ts'
import { addHours, hourOf } from '../../model/hour.ts'
import type { Day } from '../../model/rollups/rollups.ts'
import { shardNamesOf } from '../../model/shard-name.ts'
import { NoDatabase } from '../no-database.ts'
import type { Database, Shards } from '../ports.ts'
import { reasonOf } from '../timeout.ts'
import { NOTHING_MADE, rollUp } from './roll-up.ts'
import { visitStragglers, type Woken } from './stragglers.ts'

export type SweepServices = {
  readonly config: Pick<Config, 'shards' | 'lateHours' | 'retentionDays' | 'flushIntervalMs'>
  readonly shards: Pick<Shards, 'wake'>
  readonly database: Pick<Database, 'prune' | 'stragglers' | 'sealAll' | 'withRollups' | 'deleteBefore'>
  readonly log: Log
}

export type Swept = Woken & Deleted & { readonly pruned: number; readonly sealed: number }

/** Work that an isolate's sweeps have left for the next one. */
type Left = {
  /** Whether there was more to delete; false when that is not known. */
  rows: boolean
  /** Whether there were more days to make. */
  days: boolean
  /** Days that could not be made. */
  readonly failedDays: Set<Day>
  /** The shard behind which the visit of stragglers goes on; null when it is not known, or when none is left. */
  stragglersAfter: string | null
}

/** The hour of the day in UTC whose sweep also asks Postgres. */
const DAILY_AT = 3

/** Whether the sweep of this hour is the one in the day that asks Postgres in any case. */
export function isDailySweep(nowMs: number): boolean {
  return hourOf(nowMs) % 24 === DAILY_AT
}

/**
 * The sweep. If one sweep could not do everything, the next hour's sweep continues where it ended. That is kept in memory
 * only, so a new isolate waits for the daily sweep.
 */
export function sweeper(services: SweepServices): (nowMs: number) => Promise<Swept> {
  const left: Left = { rows: false, days: false, failedDays: new Set(), stragglersAfter: null }
  return (nowMs) => sweep(nowMs, services, left)
}

/**
 * Wakes the shards of the last hours each hour, without SQL, in case the platform has lost an alarm. Once a day it also
 * prunes the ledger, makes days from hours, deletes hours that are older than RETENTION_DAYS, and visits the shards of closed
 * hours whose writers nobody has sealed; where flushes keep the database awake anyway, it makes days and deletes hours each
 * hour. [F4] [D1]
 *
 * Days come before retention, which deletes hours of days that are made, and no others. A part that fails does not stop those
 * after it; the sweep then rejects once it is through.
 *
 * @param left what the sweep before has left; this one changes it.
 */
async function sweep(nowMs: number, services: SweepServices, left: Left): Promise<Swept> {
  const hour = hourOf(nowMs)
  const recent = Array.from({ length: SWEEP_HOURS }, (_, i) => addHours(hour, -i))
  const names = recent
    .flatMap((each) => shardNamesOf(each, services.config.shards))
    .slice(0, SWEEP_SHARDS_MAX)
  const isDaily = isDailySweep(nowMs)
  const isAwake = isDaily || services.config.flushIntervalMs < DATABASE_SLEEPS_MS
  const parts = new SweepParts(services.log)
  const woken = await wakeAll(names, services)
  const pruned = isDaily ? await parts.run('prune', () => services.database.prune(), 0) : 0
  const made =
    isAwake || left.days
      ? await parts.run('roll up', () => rollUpSome(services, left.failedDays), NOTHING_MADE)
      : NOTHING_MADE
  left.days = made.left > 0
  const deleted =
    isAwake || left.rows
      ? await parts.run('delete', () => deleteOld(nowMs, services), NOTHING_DELETED)
      : NOTHING_DELETED
  left.rows = deleted.hasMore
  // Last, because it may use up the calls that one run is allowed.
  const isVisiting = isDaily || left.stragglersAfter !== null
  const visited = isVisiting
    ? await parts.run('visit', () => visit(nowMs, services, left), NOBODY_VISITED)
    : NOBODY_VISITED
  parts.end()
  return {
    woken: woken.woken + visited.woken,
    failed: woken.failed + visited.failed,
    sealed: visited.sealed,
    pruned,
    deleted: deleted.deleted,
    hasMore: deleted.hasMore || left.days || left.stragglersAfter !== null,
  }
}

/** Runs the parts of a sweep, each whatever became of those before it. */
class SweepParts {
  readonly #log: Log
  readonly #failures: unknown[] = []

  constructor(log: Log) {
    this.#log = log
  }

  async run<T>(part: string, work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work()
    } catch (error) {
      // The status says so all the time.
      if (error instanceof NoDatabase) return otherwise
      this.#failures.push(error)
      this.#log({ message: 'part of the sweep failed', part, reason: describeReason(reasonOf(error)) })
      return otherwise
    }
  }

  /** @throws the first failure, so that the platform shows the run as failed. */
  end(): void {
    if (this.#failures.length > 0) throw this.#failures[0]
  }
}

const NOBODY_VISITED = { woken: 0, failed: 0, sealed: 0, next: null }

function visit(nowMs: number, services: SweepServices, left: Left) {
  const before = firstOpenHour(nowMs, services.config.lateHours)
  return visitStragglers({ before, after: left.stragglersAfter }, services, (next) => {
    left.stragglersAfter = next
  })
}

function rollUpSome({ database, log }: SweepServices, failed: Set<Day>) {
  return database.withRollups((rollups) => rollUp({ rollups, log }, failed))
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
