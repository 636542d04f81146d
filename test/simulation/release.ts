import { LABELLED_FLIGHT_VERSION } from '../../src/model/flight.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, hourOf } from '../../src/model/hour.ts'
import type { Schedule } from '../../src/model/schedule.ts'
import type { Chance } from './chance.ts'
import type { Faults } from './faults.ts'

/** A release: configuration, and the formats of its code. */
export type Release = {
  readonly shards: Schedule
  readonly lateHours: Schedule
  readonly intervalMs: number
  readonly lingerMs: number
  /** The generation of formats that it writes, and the latest that it reads. The production code has generation 0. */
  readonly writes: number
  readonly reads: number
}

/** The chance, the faults and the time that a release is made with. */
type Making = { readonly chance: Chance; readonly faults: Faults; readonly nowMs: number }

const BEGINNING = Number.NEGATIVE_INFINITY as Hour

/**
 * A new version can be read one release before it is written. Whoever skips a release, forward or back, runs both at a
 * time.
 */
const FORMATS = [
  { writes: 0, reads: 0 },
  { writes: 0, reads: 1 },
  { writes: 1, reads: 1 },
] as const

export function firstRelease({ chance, faults, nowMs }: Making): Release {
  const shards = [{ from: BEGINNING, value: chance.between(1, 3) }]
  const changed = { from: addHours(hourOf(nowMs), 1), value: chance.between(1, 4) }
  return {
    shards: faults.has('shardCountChanges') ? [...shards, changed] : shards,
    lateHours: [{ from: BEGINNING, value: chance.between(0, 2) }],
    ...timing(chance),
    ...FORMATS[0],
  }
}

/** Makes the next release; a roll-back is a deploy too. Schedules only ever grow. */
export function nextRelease({ shards, lateHours }: Release, making: Making): Release {
  const { chance, faults, nowMs } = making
  return {
    shards: faults.has('shardCountChanges') ? longer(shards, chance.between(1, 4), nowMs) : shards,
    lateHours: longer(lateHours, chance.between(0, 2), nowMs),
    ...timing(chance),
    ...(faults.has('formatChanges') ? chance.pick(FORMATS) : FORMATS[0]),
  }
}

function timing(chance: Chance) {
  return { intervalMs: chance.pick([1_000, 5_000, 5_000, 30_000]), lingerMs: chance.pick([0, 5, 20, 1_000]) }
}

/**
 * Adds a change that begins at least one full hour after its deploy, because by then every isolate knows about it.
 * [K2]
 */
function longer(schedule: Schedule, value: number, nowMs: number): Schedule {
  const from = addHours(hourOf(nowMs), 2)
  const isPlanned = (schedule.at(-1)?.from ?? from) >= from
  return isPlanned ? schedule : [...schedule, { from, value }]
}

/** The versions of a generation: without labels and with them. */
const VERSIONS = LABELLED_FLIGHT_VERSION

/** The flight as isolates of this release send it. The production code writes only its own generation. */
export function asWrittenBy({ writes }: Release, flight: string): string {
  return writes === 0 ? flight : withVersion(flight, writes * VERSIONS)
}

/**
 * The flight as shards of this release read it. A generation that they know means to them what the current one means to
 * the production code. Null for one that they do not know.
 */
export function asReadBy({ reads }: Release, encoded: string): string | null {
  const { v } = JSON.parse(encoded)
  if (v <= VERSIONS) return encoded
  return reads > 0 ? withVersion(encoded, -VERSIONS) : null
}

function withVersion(flight: string, by: number): string {
  const parsed = JSON.parse(flight)
  return JSON.stringify({ ...parsed, v: parsed.v + by })
}
