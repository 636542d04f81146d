/** The document, as far as it says whether somebody looks at it. */
export type Watched = EventTarget & { readonly hidden: boolean }

const TOUCHES = ['pointermove', 'pointerdown', 'touchstart', 'wheel', 'keydown', 'visibilitychange'] as const

/** How often a person who moves is noticed, in milliseconds. */
const NOTICED_MS = 1_000

/** Whether somebody is at the page. */
export type Presence = {
  readonly page: Watched
  /** When a person last moved, touched or typed, or brought the page to the front. */
  readonly touchedAtMs: () => number
  /** Calls back at such a moment. @returns a function that ends it. */
  readonly onTouch: (call: () => void) => () => void
}

/** @param nowMs a clock that does not go back. */
export function presenceOf(page: Watched, nowMs: () => number): Presence {
  let touchedAtMs = nowMs()
  const calls = new Set<() => void>()
  const onEvent = (event: Event) => {
    const isTurn = event.type === 'visibilitychange'
    if (page.hidden || (!isTurn && (isStill(event) || nowMs() - touchedAtMs < NOTICED_MS))) return
    touchedAtMs = nowMs()
    for (const call of calls) call()
  }
  for (const type of TOUCHES) page.addEventListener(type, onEvent, { capture: true, passive: true })
  return {
    page,
    touchedAtMs: () => touchedAtMs,
    onTouch: (call) => {
      calls.add(call)
      return () => void calls.delete(call)
    },
  }
}

/** Browsers report a pointer that rests, too, when something moves under it. */
function isStill(event: Event): boolean {
  return 'movementX' in event && 'movementY' in event && event.movementX === 0 && event.movementY === 0
}
