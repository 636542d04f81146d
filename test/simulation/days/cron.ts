import { sweeper } from '../../../src/edge/background/sweep.ts'
import { firstKeptHour } from '../../../src/model/closing.ts'
import { DAY_MS } from '../../../src/model/hour.ts'
import { Violation } from '../scheduler.ts'
import type { World } from '../world.ts'
import { CronLink, CronRefused } from './cron-link.ts'

/** Runs the production sweep once, and sometimes another at the same time. */
export function runCrons(world: World): void {
  const { faults, chance } = world.days
  runCron(world)
  if (faults.strikes('cronTwice'))
    world.scheduler.after(chance.between(0, 100), 'another cron', () => runCron(world))
}

function runCron(world: World): void {
  sweepOnce(world).catch((error: unknown) => {
    if (!(error instanceof CronRefused)) world.fail(error)
  })
}

async function sweepOnce(world: World): Promise<void> {
  const { release, days, scheduler } = world
  const { shards, lateHours, intervalMs: flushIntervalMs } = release
  const link = new CronLink(world)
  scheduler.note('the cron runs')
  const sweep = sweeper({
    config: { shards, lateHours, flushIntervalMs, retentionDays: days.retentionDays },
    shards: { wake: (name) => link.wake(name) },
    database: link.database,
    log: () => {},
  })
  await sweep(scheduler.nowMs)
}

/**
 * Lets days pass after the last fault, with a cron now and then, and checks that each day that ended 3 days ago is made, and
 * that retention has deleted what it may. [D1] [C1]
 */
export async function finishDays(world: World): Promise<void> {
  const { postgres, days, scheduler, release } = world
  if (!days.isOn) return
  await world.pass(10 * DAY_MS)
  for (let runs = 0; runs < FINISHING_RUNS; runs++) {
    runCron(world)
    await world.pass(DAY_MS / 12)
  }
  const [left] = postgres.daysToMake()
  if (left !== undefined) throw new Violation(`[D1] day ${left} is never made`)
  if (days.retentionDays === undefined) return
  const kept = firstKeptHour(scheduler.nowMs, days.retentionDays, release.lateHours)
  const [old] = postgres.deletable(kept)
  if (old !== undefined) throw new Violation(`[C1] retention never deletes ${old}`)
}

/** More than the days of a world take, with so many days in a run, and so many rows in a step of retention. */
const FINISHING_RUNS = 40
