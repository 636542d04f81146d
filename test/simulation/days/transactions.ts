import { LOCK_MS_MAX } from '../../../src/limits.ts'
import type { Hour } from '../../../src/model/hour.ts'
import type { Made } from '../../../src/model/rollups/rollups.ts'
import type { Day } from '../tables.ts'
import type { World } from '../world.ts'

/**
 * A transaction of Postgres, instant by instant.
 *
 * @param commit is called with the answer in the instant in which everything is committed.
 * @param refuse is called instead when nothing is, because a row was held for too long.
 * @param holdsMs for a client that dies between the statements of a transaction: Postgres notices after so long.
 */
export type Transaction<T> = (commit: (answer: T) => void, refuse: () => void, holdsMs?: number) => void

/** Makes a day or a piece of it, in two statements of which the second has a newer snapshot than the first. [D1] */
export function makeDay(world: World, day: Day): Transaction<Made> {
  const { postgres, scheduler, days } = world
  const { locks } = postgres
  // Slow now and then, so that others come in between.
  const soon = (run: () => void) =>
    scheduler.after(days.chance.between(0, days.chance.is(0.4) ? 1_000 : 30), '', run)
  return (commit, refuse, holdsMs) => {
    const making = postgres.make(day)
    // The first statement has begun. Others may commit before it has the row.
    soon(() => {
      let stopWaiting = () => {}
      const stopClock = scheduler.after(LOCK_MS_MAX, '', () => {
        stopWaiting()
        refuse()
      })
      stopWaiting = locks.whenFree(day, () => {
        stopClock()
        if (!making.begin()) return commit({ kind: 'not_needed' })
        locks.hold(day)
        if (holdsMs !== undefined) {
          world.tally('makingCut')
          scheduler.after(holdsMs, 'Postgres rolls back what a dead cron began', () => locks.release(day))
          return
        }
        soon(() => {
          making.look()
          soon(() => {
            const made = making.write()
            scheduler.note(`Postgres: day ${day} is ${made.kind}`)
            commit(made)
            locks.release(day)
          })
        })
      })
    })
  }
}

/** Sets days from good to gone, all in one statement, which passes over the rows that others hold. */
export function setGone(world: World, before: Hour): Transaction<void> {
  const { postgres, scheduler } = world
  return (commit) => {
    for (const day of postgres.daysToGo(before)) {
      if (postgres.locks.isHeld(day)) continue
      postgres.setGone(day)
      scheduler.note(`day ${day} has gone`)
      world.tally('gone')
    }
    commit()
  }
}
