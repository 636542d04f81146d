import { FAILURES_UNSAID, WARN_EVERY_MS } from './limits.ts'
import type { Timing } from './timing.ts'

export type GiveUpKind =
  /** The server refuses it, and would again: a key outside the token's prefix, a closed hour, a negative value. */
  | 'refused'
  /** Its id was counted before with another value. */
  | 'conflict'
  /** The client held as many increments as it may. */
  | 'full'
  /** The client was closed, or its deadline had passed. */
  | 'closed'

/** Why increments were given up. */
export type GiveUpReason = {
  kind: GiveUpKind
  /** The reason in words: the server's, where it gave any. */
  detail: string
  /** Whether the answer to some request with it was lost, so that it may have been counted all the same. */
  mayHaveCounted: boolean
}

/** Warnings about increments given up and requests sent again, for a client whose owner listens to neither. */
export type Warner = {
  readonly gaveUp: (count: number, reason: GiveUpReason) => void
  readonly retries: (reason: string, failures: number) => void
  /** Prints at once the warnings that would wait for their minute to pass. */
  readonly sayRest: () => void
}

/**
 * Warns at most once a minute, and leaves nothing out: at the end of a minute it warns of everything that the minute has
 * gathered, in a line for each kind.
 */
export function warner({ now, after }: Pick<Timing, 'now' | 'after'>, warn: (line: string) => void): Warner {
  const unsaid = new Map<string, { readonly reason: GiveUpReason; readonly count: number }>()
  let isMinuteOn = false
  let retriesSaidMs = Number.NEGATIVE_INFINITY
  const sayRest = () => {
    for (const { reason, count } of unsaid.values()) warn(lineOf(count, reason))
    unsaid.clear()
  }
  const sayAndWait = () => {
    isMinuteOn = unsaid.size > 0
    sayRest()
    if (isMinuteOn) after(WARN_EVERY_MS, sayAndWait)
  }
  return {
    gaveUp(count, reason) {
      const place = `${reason.kind} ${reason.mayHaveCounted}`
      unsaid.set(place, { reason, count: (unsaid.get(place)?.count ?? 0) + count })
      if (!isMinuteOn) sayAndWait()
    },
    retries(reason, failures) {
      if (failures <= FAILURES_UNSAID || now() < retriesSaidMs + WARN_EVERY_MS) return
      retriesSaidMs = now()
      warn(`sumdial: still trying: ${reason}`)
    },
    sayRest,
  }
}

function lineOf(count: number, { kind, detail, mayHaveCounted }: GiveUpReason): string {
  const doubt = mayHaveCounted ? ' (they may have been counted)' : ''
  return `sumdial: gave up ${count} increments${doubt}: ${kind}: ${detail}`
}
