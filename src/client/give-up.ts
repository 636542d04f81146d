import { FAILURES_UNSAID, WARN_EVERY_MS } from './limits.ts'
import type { Timing } from './timing.ts'

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

/** What is said of what was given up, and of what is tried again, when nobody else hears of it. */
export type Warner = {
  readonly gaveUp: (count: number, reason: GiveUpReason) => void
  readonly retries: (reason: string, failures: number) => void
  /** Says at once what would wait for its minute to pass. */
  readonly sayRest: () => void
}

/**
 * On the console, once a minute at most; and all of it sooner or later: what a minute has gathered is said at its end,
 * by kind.
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
