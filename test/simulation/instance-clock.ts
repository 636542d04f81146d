import type { Clock } from '../../src/clock.ts'
import { whileRequested } from './request-context.ts'
import type { World } from './world.ts'

/**
 * The clock of one isolate or object. It is off by `skewMs`, which may change, and calls nobody back once its owner, or the request that
 * set the timer, is dead.
 */
export function clockOf(world: World, skewMs: () => number, isAlive: () => boolean): Clock {
  const { scheduler, chance } = world
  const after = (ms: number, callback: () => void) => {
    const ring = whileRequested(callback)
    return scheduler.after(ms, '', () => {
      if (isAlive()) ring()
    })
  }
  return {
    now: () => scheduler.nowMs + skewMs(),
    random: chance.float,
    uuid: chance.uuid,
    after,
    sleep: (ms) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      after(ms, resolve)
      return promise
    },
  }
}
