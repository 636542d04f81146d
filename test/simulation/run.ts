import { retryParked } from './administrator.ts'
import { finishDays } from './days/cron.ts'
import { IMPORTED } from './days/importer.ts'
import { act, wakeAll } from './deeds.ts'
import type { FaultKind } from './faults.ts'
import { Violation } from './scheduler.ts'
import { partsOf } from './tables.ts'
import { replayed } from './watch.ts'
import type { Scenario } from './world.ts'
import { World } from './world.ts'

export type Failure = { readonly message: string; readonly history: readonly string[] }

export type Outcome = {
  readonly scenario: Scenario
  /** How many things happened: deeds, and what followed from them. */
  readonly steps: number
  readonly increments: number
  readonly reads: number
  readonly rewindsNoticed: number
  readonly tallies: Readonly<Record<string, number>>
  readonly kinds: readonly FaultKind[]
  readonly failure: Failure | null
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Within this time after the last fault everything accepted must be in Postgres. */
const DRAIN_MS = 12 * MINUTE

/** How many steps that may take, and the rest of the shards' lives after it. */
const DRAIN_STEPS_MAX = 20_000

/** Runs one scenario from its beginning to the end of its last shard. Equal scenarios have equal outcomes, always. */
export async function run(scenario: Scenario): Promise<Outcome> {
  const world = new World(scenario)
  const failure = await silently(() => failureOf(world, scenario))
  const { scheduler, book, reads, rewindsNoticed, tallies, faults, days } = world
  world.close()
  return {
    scenario,
    steps: scheduler.steps,
    increments: book.size,
    reads,
    rewindsNoticed,
    tallies,
    kinds: [...faults.kinds, ...days.faults.kinds],
    failure,
  }
}

async function failureOf(world: World, { steps }: Scenario): Promise<Failure | null> {
  try {
    const recordings = { shards: new Map(), postgres: undefined }
    for (let i = 0; i < steps; i++) await act(world, recordings)
    world.days.faults.end()
    await drain(world)
    await retire(world)
    return null
  } catch (error) {
    const message = error instanceof Violation ? error.message : String((error as Error).stack)
    return { message, history: [...world.scheduler.history] }
  }
}

/** Ends the faults, and checks that everything comes to Postgres. */
async function drain(world: World): Promise<void> {
  world.faults.end()
  world.isPostgresAway = false
  world.isPostgresStuck = false
  world.postgres.refused.clear()
  world.sleeping.clear()
  world.scheduler.note('faults are over')
  // Long enough that an alarm that was lost is overdue by any clock.
  await world.pass(3 * MINUTE, DRAIN_STEPS_MAX)
  wakeAll(world)
  if (world.isExact) await world.clients.askForAll()
  await world.pass(DRAIN_MS - 7 * MINUTE, DRAIN_STEPS_MAX)
  retryParked(world)
  await world.pass(4 * MINUTE, DRAIN_STEPS_MAX)
  for (const host of world.hosts.values()) {
    if (!host.storage.hasTables) continue
    const { open, frozen, parked } = replayed(host.storage).holdings()
    const left = open.increments + frozen.increments + parked.increments
    if (left > 0)
      throw new Violation(
        `[F4] ${host.name} still holds ${left} increments: ${JSON.stringify({ open, frozen, parked })}, alarm ${host.storage.alarmAtMs} at ${world.scheduler.nowMs}`,
      )
  }
  checkFinal(world)
}

/** Checks all that Postgres was ever given by clients. [D1] checks that retention has lost none. */
function checkFinal({ isExact, book, postgres }: World): void {
  if (!isExact) return
  const ofClients = [...postgres.tables.everCounters].filter(
    ([place]) => !partsOf(place).key.startsWith(IMPORTED),
  )
  book.checkFinal(new Map(ofClients))
}

/** Waits until every shard has ended and every late copy has arrived, and checks that this changed nothing. [Z1] */
async function retire(world: World): Promise<void> {
  // By then a clock that was set back shows that an alarm is overdue which was lost before.
  world.scheduler.after(HOUR, '', () => wakeAll(world))
  for (let steps = 0; world.scheduler.nextMs !== null; steps++) {
    if (steps > DRAIN_STEPS_MAX) throw new Violation(`[Z1] something happens still, after ${steps} steps`)
    await world.step()
  }
  for (const { name, storage } of world.hosts.values()) {
    if (storage.hasTables) throw new Violation(`[Z1] ${name} has not retired`)
  }
  await finishDays(world)
  checkFinal(world)
}

/** Silences the production code, which logs the failures that are meant to happen here. */
async function silently<T>(body: () => Promise<T>): Promise<T> {
  const { error } = console
  console.error = () => {}
  try {
    return await body()
  } finally {
    console.error = error
  }
}
