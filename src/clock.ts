/** Time, timers and chance, where the program meets the world. Tests and simulations pass their own. */
export type Clock = {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly uuid: () => string
  /** Resolves after so many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>
  /** Calls back after so many milliseconds, unless the function that it returns is called before. */
  readonly after: (ms: number, callback: () => void) => () => void
}

/** workerd's own global. Declared here because Node, where tests use the type alone, has no such global. */
declare const scheduler: { wait(ms: number): Promise<void> }

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
