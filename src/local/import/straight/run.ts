import { LATE_HOURS_DEFAULT } from '../../../config.ts'
import { retireAtMs } from '../../../model/closing.ts'
import type { Hour } from '../../../model/hour.ts'
import { lateHoursSchema, type Schedule } from '../../../model/schedule.ts'
import type { Postgres } from '../../../postgres/driver/session.ts'
import { readLateHours } from '../../../postgres/seen.ts'
import { createSink } from '../../../postgres/sink.ts'
import { createWriters } from '../../../postgres/writers.ts'
import type { FoundDatabase } from '../../find-database.ts'
import { nodeClock } from '../../node-clock.ts'
import type { Ending } from '../importer.ts'
import type { ImportTally } from '../tally.ts'
import { runStraight, type StraightImport } from './flow.ts'
import { Sender } from './sender.ts'

/** Statements under way at a time. Each is one hour's, so they touch no common row but those of a second import. */
const CONNECTIONS = 4

export type StraightOutcome = {
  readonly ending: Ending
  /** Hours that it has changed and that a Worker may have called final. */
  readonly finalHours: readonly Hour[]
}

/** Imports straight into Postgres. */
export async function importStraight(
  { address }: FoundDatabase,
  options: Omit<StraightImport, 'sender' | 'nowMs'> & { readonly tally: ImportTally },
): Promise<StraightOutcome> {
  const clock = nodeClock
  const closing: Promise<void>[] = []
  const postgres: Postgres = { address, clock, background: (work) => void closing.push(work) }
  const sender = new Sender({
    sinks: Array.from({ length: CONNECTIONS }, () => createSink(postgres)),
    readWriters: createWriters(postgres),
    tally: options.tally,
    clock,
    interrupt: options.interrupt,
  })
  try {
    const ending = await runStraight({ ...options, sender, nowMs: clock.now() })
    const hours = [...sender.changed].sort((a, b) => a - b)
    return { ending, finalHours: hours.length === 0 ? [] : await finalOf(hours, postgres) }
  } finally {
    sender.end()
    await Promise.all(closing)
  }
}

/** Those hours that are final by the schedule of some Worker with this database, or by the default where no Worker has run. */
async function finalOf(hours: readonly Hour[], postgres: Postgres): Promise<readonly Hour[]> {
  const nowMs = postgres.clock.now()
  const found = await readLateHours(postgres).catch((): readonly Schedule[] => [])
  const schedules = found.length === 0 ? [lateHoursSchema.parse(LATE_HOURS_DEFAULT)] : found
  return hours.filter((hour) => schedules.some((lateHours) => retireAtMs(hour, lateHours) <= nowMs))
}
