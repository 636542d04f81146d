/** Time, timers and chance, so that tests can pass their own. */
export type Timing = {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** A number in [0, 1). */
  readonly random: () => number
  /** A random name of at most 64 bytes that nobody else has. */
  readonly newName: () => string
  /** Calls back after so many milliseconds, unless the returned function is called before. */
  readonly after: (ms: number, callback: () => void) => () => void
  /** Keeps a process alive until the returned function is called; timers of `after` do not. */
  readonly stayAlive: () => () => void
}

/** The runtime's own time, timers and chance. */
export const runtimeTiming: Timing = {
  now: () => Date.now(),
  random: () => Math.random(),
  // Not randomUUID(), because pages without TLS do not have it.
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

/** @throws Error where the runtime has no Web Crypto, from which `newName` takes its chance: later would be too late. */
export function needWebCrypto(): void {
  const { crypto } = globalThis as { readonly crypto?: { readonly getRandomValues?: unknown } }
  if (typeof crypto?.getRandomValues === 'function') return
  throw new Error(
    'The client needs Web Crypto (globalThis.crypto). Use Node 20 or newer. In Node 18, before createClient: ' +
      'globalThis.crypto ??= (await import(' +
      "'node:crypto')).webcrypto",
  )
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

/** Lets a Node process end although the timer runs. In browsers a timer is a number. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function') {
    timer.unref()
  }
}
