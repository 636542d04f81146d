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
