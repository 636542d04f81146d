import 'vitest'

declare module 'vitest' {
  /** Values that the global setup gives to the tests, which run in another runtime. */
  interface ProvidedContext {
    /** The Neon-compatible endpoint's address, with its path. */
    neonEndpoint: string
    /** Where its faults are injected: see `serveFaults`. */
    faultControl: string
  }
}
