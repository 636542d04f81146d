import type { ComponentChildren } from 'preact'
import { useContext, useEffect, useRef } from 'preact/hooks'
import type { ReadFailure } from '../data/api.ts'
import { PageContext } from '../data/context.ts'
import { onceSeen } from '../data/live/paced.ts'
import { hasBefore } from '../data/period.ts'
import { Mark } from './mark.tsx'

type LoadingProps = { readonly isSlow: boolean; readonly isWhole?: boolean; readonly rows?: number }

/** Grey shapes where figures will be, and a sentence when the answer takes long. */
export function Loading({ isSlow, isWhole = false, rows = 6 }: LoadingProps) {
  return (
    <div class={isWhole ? 'whole' : 'loading'} role="status">
      {isWhole ? <Mark size={40} /> : null}
      <p class={isSlow ? 'slow' : 'unseen'}>
        {isSlow ? 'Still waiting for an answer. A sleeping database takes a moment to wake.' : 'Loading'}
      </p>
      {isWhole ? null : Array.from({ length: rows }, (_, i) => <div key={i} class="bone" />)}
    </div>
  )
}

const TITLES: Readonly<Record<ReadFailure['kind'], string>> = {
  'signed-out': 'You are signed out',
  forbidden: 'This token may not see that',
  closed: 'Nobody can sign in yet',
  away: 'No answer just now',
  slow: 'That takes too long',
  refused: 'That cannot be shown',
}

/**
 * How long after a passing failure the page asks again, in milliseconds; the wait doubles each time. Otherwise a question
 * that takes Postgres too long would keep it busy as long as the page is open.
 */
const AGAIN_MS_MIN = 10_000
const AGAIN_MS_MAX = 300_000

type FailedProps = {
  readonly failure: ReadFailure
  readonly again: () => void
  /** Whether it fills the page, or stands above older figures. */
  readonly isWhole?: boolean
  readonly isBanner?: boolean
}

export function Failed({ failure, again, isWhole = false, isBanner = false }: FailedProps) {
  const page = useContext(PageContext)
  const isPassing = failure.kind === 'away'
  const mayShrink = failure.kind === 'slow' && page?.view.isCompared === true && hasBefore(page.view.period)
  const tries = useRef(0)
  // Every failure is a new object, so every one starts a wait of its own.
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
      {isPassing || failure.kind === 'slow' ? (
        <p>
          <button type="button" onClick={again}>
            Try again
          </button>
          {mayShrink ? (
            <button type="button" onClick={() => page.go({ ...page.view, isCompared: false })}>
              Without the time before
            </button>
          ) : null}
          {isPassing ? <span class="hint">This page tries again by itself.</span> : null}
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
