import { createContext } from 'preact'
import { useContext, useEffect } from 'preact/hooks'
import type { SessionAnswer } from '../../edge/http/session-answer.ts'
import type { Zone } from '../../model/time/zone.ts'
import type { Attention } from './answers.ts'
import type { ReadFailure } from './api.ts'
import type { View } from './view.ts'

/** The current view, session and time zone, for every part of the page. */
export type Page = {
  readonly view: View
  /** Shows another view under its own address. `replace` leaves no entry in the history. */
  readonly go: (view: View, how?: 'push' | 'replace') => void
  readonly session: SessionAnswer
  readonly zone: Zone
  /** Takes failures that concern the whole page, such as a session that has ended. */
  readonly failed: (failure: ReadFailure) => void
  readonly signOut: () => void
  readonly attention: Attention
  readonly seeAttention: (attention: Attention) => void
}

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === undefined) throw new Error('outside of the page')
  return page
}

/** Hands a session that has ended to the whole page, which then shows the sign-in. */
export function useOver(failure: ReadFailure | undefined): void {
  const { failed } = usePage()
  useEffect(() => {
    if (failure?.kind === 'signed-out') failed(failure)
  }, [failure, failed])
}
