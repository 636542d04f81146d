/** Time, timers and chance. Tests pass their own. */
export type Timing = {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  /** A name that nobody else has, at most 64 bytes. */
  readonly newName: () => string
  /** Calls back after so many milliseconds, unless the function that it returns is called before. */
  readonly after: (ms: number, callback: () => void) => () => void
  /** Keeps a process alive until the function that it returns is called: timers of `after` do not. */
  readonly stayAlive: () => () => void
}

/** The runtime's own. */
export const runtimeTiming: Timing = {
  now: () => Date.now(),
  random: () => Math.random(),
  // Not randomUUID(), which pages without TLS do not have.
  newName: () => Array.from(crypto.getRandomValues(new Uint8Array(16)), hexOf).join(''),
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

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

/** In Node a timer keeps its process from ending; elsewhere it is a number. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
  }
}
