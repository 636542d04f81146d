import { createContext } from 'preact'
import { useContext, useEffect } from 'preact/hooks'
import type { Zone } from '../../model/zone.ts'
import type { Session } from './answers.ts'
import type { Failure } from './api.ts'
import type { View } from './view.ts'

/** What every part of the page may use. */
export type Page = {
  readonly view: View
  /** Shows another view under its own address; `replace` when going back is not to lead here. */
  readonly go: (view: View, how?: 'push' | 'replace') => void
  readonly session: Session
  readonly zone: Zone
  /** Told of failures that concern all of the page: a session that is over. */
  readonly failed: (failure: Failure) => void
  readonly signOut: () => void
}

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === undefined) throw new Error('outside of the page')
  return page
}

/** A session that is over concerns the whole page. */
export function useOver(failure: Failure | undefined): void {
  const { failed } = usePage()
  useEffect(() => {
    if (failure?.kind === 'signed-out') failed(failure)
  }, [failure, failed])
}
