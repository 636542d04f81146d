import { FAILURES_UNSAID, WARN_EVERY_MS } from './limits.ts'

export type GiveUpKind =
  /** The server refuses it, and would again: a key outside the token's prefix, a closed hour, a negative value. */
  | 'refused'
  /** Its id was counted before with another value. */
  | 'conflict'
  /** As much was held as may be. */
  | 'full'
  /** The client was closed, or its deadline had passed. */
  | 'closed'

/** Why increments were given up. */
export type GiveUpReason = {
  kind: GiveUpKind
  /** In words, the server's where it has any. */
  detail: string
  /** Some request had it, and its answer was lost: so it may have been counted all the same. */
  mayHaveCounted: boolean
}

/** Says it on the console, one line of a kind a minute. */
export function warner(nowMs: () => number, warn: (line: string) => void) {
  const saidMs = new Map<string, number>()
  let unsaid = 0
  const isDue = (kind: string): boolean => {
    const before = saidMs.get(kind)
    if (before !== undefined && nowMs() < before + WARN_EVERY_MS) return false
    saidMs.set(kind, nowMs())
    return true
  }
  return {
    gaveUp(count: number, { kind, detail, mayHaveCounted }: GiveUpReason): void {
      unsaid += count
      if (!isDue('give up')) return
      const doubt = mayHaveCounted ? ' (they may have been counted)' : ''
      warn(`sumdial: gave up ${unsaid} increments${doubt}: ${kind}: ${detail}`)
      unsaid = 0
    },
    retries(reason: string, failures: number): void {
      if (failures > FAILURES_UNSAID && isDue('retry')) warn(`sumdial: still trying: ${reason}`)
    },
  }
}
