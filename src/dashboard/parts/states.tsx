import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Failure } from '../data/api.ts'
import { onceSeen } from '../data/every.ts'
import { Mark } from './mark.tsx'

type LoadingProps = { readonly isSlow: boolean; readonly isWhole?: boolean; readonly rows?: number }

/** Grey shapes where figures will be; a word when it takes long. */
export function Loading({ isSlow, isWhole = false, rows = 6 }: LoadingProps) {
  return (
    <div class={isWhole ? 'whole' : 'loading'} role="status">
      {isWhole ? <Mark size={40} /> : null}
      <p class={isSlow ? 'slow' : 'unseen'}>
        {isSlow ? 'Still waiting for an answer. A database that slept takes a moment to wake.' : 'Loading'}
      </p>
      {isWhole ? null : Array.from({ length: rows }, (_, i) => <div key={i} class="bone" />)}
    </div>
  )
}

const TITLES: Readonly<Record<Failure['kind'], string>> = {
  'signed-out': 'You are signed out',
  forbidden: 'Not for this token',
  closed: 'Nobody can sign in yet',
  away: 'No answer just now',
  refused: 'That cannot be shown',
}

/**
 * How long after a failure that may pass it is tried again; each time twice as long. A question that takes Postgres too
 * long would otherwise keep it busy for as long as the page is open.
 */
const AGAIN_MS_MIN = 10_000
const AGAIN_MS_MAX = 300_000

type FailedProps = {
  readonly failure: Failure
  readonly again: () => void
  /** There is nothing else on the page; or, above what there was before. */
  readonly isWhole?: boolean
  readonly isBanner?: boolean
  /** So much was asked for that it may have been too much. */
  readonly isLong?: boolean
}

export function Failed({ failure, again, isWhole = false, isBanner = false, isLong = false }: FailedProps) {
  const isPassing = failure.kind === 'away'
  const tries = useRef(0)
  // Each failure is another, so each has a turn of its own.
  useEffect(() => {
    if (!isPassing) return
    const waitMs = Math.min(AGAIN_MS_MAX, AGAIN_MS_MIN * 2 ** tries.current)
    tries.current += 1
    return onceSeen(waitMs, again, document)
  }, [failure, isPassing, again])
  return (
    <div class={isWhole ? 'whole' : isBanner ? 'banner' : 'said'} role="alert">
      {isWhole ? <Mark size={40} /> : null}
      <h2>{TITLES[failure.kind]}</h2>
      <p>{failure.detail}</p>
      {isPassing && isLong ? <p>A shorter period, or a narrower prefix, is quicker to add up.</p> : null}
      {isPassing ? (
        <p>
          <button type="button" onClick={again}>
            Try again
          </button>
          <span class="hint">It is tried again in a while.</span>
        </p>
      ) : null}
    </div>
  )
}

export function Empty({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="said">
      <h2>{title}</h2>
      {children}
    </div>
  )
}
