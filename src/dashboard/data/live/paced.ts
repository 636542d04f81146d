import { type Watch, waitOf } from './pace.ts'
import type { Presence, Watched } from './presence.ts'

type Paced = {
  readonly presence: Presence
  readonly nowMs: () => number
  /** How many requests the page has sent so far. */
  readonly sent: () => number
  /** When its figures last changed. */
  readonly movedAtMs: () => number
}

/**
 * Calls `work` again and again, never twice at the same time, and as often as is worth its cost: see `waitOf`. It is called
 * at once when that is due, because a person has come back.
 *
 * @returns a function that stops it.
 */
export function paced(work: () => Promise<void>, { presence, nowMs, sent, movedAtMs }: Paced): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let [isBusy, isOver] = [false, false]
  let [turnedAtMs, sentBefore] = [nowMs(), sent()]
  const watch = (): Watch => ({
    isHidden: presence.page.hidden,
    sinceTouchMs: nowMs() - presence.touchedAtMs(),
    sinceMoveMs: nowMs() - movedAtMs(),
    sent: sent() - sentBefore,
  })
  const next = () => {
    clearTimeout(timer)
    const waitMs = isBusy || isOver ? null : waitOf(watch())
    if (waitMs === null) return
    const leftMs = turnedAtMs + waitMs - nowMs()
    // Looked at again when it is due: the wait may have grown meanwhile.
    if (leftMs > 0) timer = setTimeout(next, leftMs)
    else void turn()
  }
  const turn = async () => {
    isBusy = true
    sentBefore = sent()
    try {
      await work()
    } finally {
      isBusy = false
      turnedAtMs = nowMs()
      next()
    }
  }
  next()
  const end = presence.onTouch(next)
  return () => {
    isOver = true
    clearTimeout(timer)
    end()
  }
}

/**
 * Calls `work` once: after `ms`, and not before the page is visible.
 *
 * @returns a function that cancels it.
 */
export function onceSeen(ms: number, work: () => void, page: Watched): () => void {
  let isDue = false
  const end = () => {
    clearTimeout(timer)
    page.removeEventListener('visibilitychange', onChange)
  }
  const onChange = () => {
    if (!isDue || page.hidden) return
    end()
    work()
  }
  const timer = setTimeout(() => {
    isDue = true
    onChange()
  }, ms)
  page.addEventListener('visibilitychange', onChange)
  return end
}
