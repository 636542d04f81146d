/** Time, timers and chance. Tests pass their own. */
export type Timing = {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly uuid: () => string
  /** Calls back after so many milliseconds, unless the function that it returns is called before. */
  readonly after: (ms: number, callback: () => void) => () => void
  /** Keeps a process alive until the function that it returns is called: timers of `after` do not. */
  readonly stayAlive: () => () => void
}

/** The runtime's own. */
export const runtimeTiming: Timing = {
  now: () => Date.now(),
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    unref(timer)
    return () => clearTimeout(timer)
  },
  stayAlive() {
    const timer = setInterval(() => undefined, 60_000)
    return () => clearInterval(timer)
  },
}

/** In Node a timer keeps its process from ending; elsewhere it is a number. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
  }
}
