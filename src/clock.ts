import type { Clock } from './model/clock.ts'

/** The runtime's own time, timers and chance. */
export const clock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
  sleep: (ms) => scheduler.wait(ms),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
