import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Failure } from '../api.ts'
import { Mark } from './mark.tsx'

type LoadingProps = { readonly isSlow: boolean; readonly isWhole?: boolean; readonly rows?: number }

/** Grey shapes where figures will be; a word when it takes long. */
export function Loading({ isSlow, isWhole = false, rows = 6 }: LoadingProps) {
  return (
    <div class={isWhole ? 'whole' : 'loading'} role="status">
      {isWhole ? <Mark size={40} /> : Array.from({ length: rows }, (_, i) => <div key={i} class="bone" />)}
      <p class={isSlow ? 'slow' : 'unseen'}>
        {isSlow ? 'Still waiting for an answer. A database that slept takes a moment to wake.' : 'Loading'}
      </p>
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

/** How long after a failure that may pass it is tried again. */
const AGAIN_MS = 10_000

type FailedProps = {
  readonly failure: Failure
  readonly again: () => void
  /** There is nothing else on the page; or, above what there was before. */
  readonly isWhole?: boolean
  readonly isBanner?: boolean
}

export function Failed({ failure, again, isWhole = false, isBanner = false }: FailedProps) {
  const isPassing = failure.kind === 'away'
  useEffect(() => {
    if (!isPassing) return
    const timer = setInterval(() => document.hidden || again(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [isPassing, again])
  return (
    <div class={isWhole ? 'whole' : isBanner ? 'banner' : 'said'} role="alert">
      {isWhole ? <Mark size={40} /> : null}
      <h2>{TITLES[failure.kind]}</h2>
      <p>{failure.detail}</p>
      {isPassing ? (
        <p>
          <button type="button" onClick={again}>
            Try again
          </button>
          <span class="hint">It is tried again every {AGAIN_MS / 1000} s.</span>
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
