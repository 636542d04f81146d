import { LOCK_MS_MAX } from '../../../src/limits.ts'
import type { Day } from '../tables.ts'
import type { World } from '../world.ts'

/**
 * Lets a transaction wait for a day's row in `rollups`, hold it for a moment, and end.
 *
 * @param ends commits, while the row is still held.
 * @param gaveUp is called instead when the row was not free in time.
 */
export function withRow(
  { postgres: { locks }, scheduler, days }: World,
  day: Day,
  { ends, gaveUp }: { readonly ends: () => void; readonly gaveUp: () => void },
): void {
  let stopWaiting = () => {}
  const stopClock = scheduler.after(LOCK_MS_MAX, '', () => {
    stopWaiting()
    gaveUp()
  })
  stopWaiting = locks.whenFree(day, () => {
    stopClock()
    locks.hold(day)
    scheduler.after(days.chance.between(0, 20), '', () => {
      ends()
      locks.release(day)
    })
  })
}
