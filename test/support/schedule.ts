import type { Schedule } from '../../src/model/schedule.ts'
import { parseSchedule } from '../../src/model/schedule.ts'
import { goodOf } from './result.ts'

/** The schedule that a text of SHARDS or LATE_HOURS makes, whatever its numbers. */
export function scheduleOf(text: string): Schedule {
  return goodOf(parseSchedule(text, { min: 0, max: 1_000_000 }))
}
