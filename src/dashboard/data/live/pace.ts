/**
 * How often an open page asks. Its cost is counted in requests, not in turns, so that every view costs as little as the
 * others: a turn of the busiest keys may send five requests, and is then followed by five times the wait. docs/dashboard.md
 * states what an hour costs.
 */

/** The shortest wait, in milliseconds: what moves feels live, and a request is not sent before the last one is old. */
export const LIVE_MS = 2_000

/** Milliseconds for each request that a turn has sent, while somebody looks and something moves. */
const REQUEST_MS = 1_000

/** After this long without a touch nobody may be there, and after this long without a change nothing may come. */
const TOUCH_MS = 60_000
const MOVE_MS = 20_000

/** Past these times a request waits for a tenth of what has passed since: less and less, and never much too late. */
const SLOWER = 10

/** The longest waits for each request: where figures move and nobody is there, where they rest, and where somebody waits for them. */
const ALONE_MS_MAX = 24_000
const RESTING_MS_MAX = 60_000
const AWAITED_MS_MAX = 8_000

/** A page's knowledge of itself, in milliseconds. */
export type Watch = {
  readonly isHidden: boolean
  /** Since a person moved, touched or typed on it, or brought it to the front. */
  readonly sinceTouchMs: number
  /** Since its figures last changed. */
  readonly sinceMoveMs: number
  /** Requests that it has sent since its last turn began. */
  readonly sent: number
}

/** How long after its last turn a page asks again, in milliseconds; null while nobody can see it, which is not at all. */
export function waitOf({ isHidden, sinceTouchMs, sinceMoveMs, sent }: Watch): number | null {
  if (isHidden) return null
  const aloneMs = Math.min(ALONE_MS_MAX, (sinceTouchMs - TOUCH_MS) / SLOWER)
  const restingMs = Math.min(
    sinceTouchMs < TOUCH_MS ? AWAITED_MS_MAX : RESTING_MS_MAX,
    (sinceMoveMs - MOVE_MS) / SLOWER,
  )
  return Math.max(LIVE_MS, Math.max(1, sent) * Math.max(REQUEST_MS, aloneMs, restingMs))
}
