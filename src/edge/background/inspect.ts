import type { Config } from '../../config.ts'
import { DATABASE_SLEEPS_MS, NEW_VERSION_MS_MAX } from '../../limits.ts'
import { describeReason, type Log } from '../../log.ts'
import type { Notice } from '../../model/deployed/notice.ts'
import type { EditFault } from '../../model/deployed/schedule-edit.ts'
import { compareSeen } from '../../model/deployed/seen.ts'
import { addHours, formatHour, hourOf } from '../../model/hour.ts'
import { formatSchedule } from '../../model/schedule.ts'
import { formatShardName } from '../../model/shard-name.ts'
import type { Database, Shards } from '../ports.ts'
import { reasonOf } from '../timeout.ts'
import { isDailySweep } from './sweep.ts'

export type InspectServices = {
  readonly config: Pick<Config, 'shards' | 'lateHours' | 'flushIntervalMs'>
  readonly shards: Pick<Shards, 'notify'>
  readonly database: Pick<Database, 'bringUpSchema' | 'readSeen' | 'writeSeen'>
  readonly uploadedMs: number | undefined
  readonly log: Log
}

/**
 * Brings the schema of Postgres up as far as a Worker may, compares the schedules with those that each hour began with, and leaves
 * what only a person can mend in a shard, where `/status` and `/metrics` find it. Never rejects.
 *
 * Each hour; but where the database may sleep, once a day, and in the first hours of a version.
 */
export async function inspect(nowMs: number, services: InspectServices): Promise<void> {
  const { config, uploadedMs = 0, log, shards } = services
  const isNew = nowMs - uploadedMs < NEW_VERSION_MS_MAX
  if (!(isDailySweep(nowMs) || isNew || config.flushIntervalMs < DATABASE_SLEEPS_MS)) return
  try {
    const notices = await find(nowMs, services)
    const hour = hourOf(nowMs)
    await shards.notify(formatShardName({ hour, slot: 0 }), notices)
    // They have moved on to the hour that has begun since.
    await shards.notify(formatShardName({ hour: addHours(hour, -1), slot: 0 }), [])
  } catch (error) {
    log({ message: 'not inspected', reason: describeReason(reasonOf(error)) })
  }
}

async function find(nowMs: number, services: InspectServices): Promise<Notice[]> {
  const { database, config, uploadedMs, log } = services
  const schema = await database.bringUpSchema()
  if (schema.kind === 'not_yet' && !schema.needsPerson) throw new Error('the schema could not be looked at')
  const behind: Notice[] = schema.kind === 'newest' ? [] : [{ kind: 'schema', text: schema.reason }]
  const seen = await database.readSeen()
  const schedules = { SHARDS: config.shards, LATE_HOURS: config.lateHours }
  const { record, faults } = compareSeen(seen, { schedules, nowMs, uploadedMs })
  await database.writeSeen(record)
  for (const { variable, hour, deployed, edited } of faults) {
    log({ message: 'schedule differs', variable, hour: formatHour(hour), began: deployed, now: edited })
  }
  return [
    ...behind,
    ...faults.map((fault): Notice => ({ kind: 'schedule', text: describeDifference(fault) })),
  ]
}

function describeDifference({ variable, hour, deployed, edited, instead }: EditFault): string {
  return (
    `${variable}: ${formatHour(hour)} began with ${deployed}, and the Worker that runs gives it ${edited}. Until that hour has ` +
    `retired, reads may miss increments, and ids may count again. Deploy ${variable} = "${formatSchedule(instead)}": every hour ` +
    'keeps the value that it began with.'
  )
}
