import type { Grant } from '../../model/access/grant.ts'

/** The answer of `/session`: what a page may know about its user. A file of its own, so that pages can import the type. */
export type SessionAnswer = Pick<Grant, 'name' | 'scopes' | 'prefix'> & {
  /** Whether nobody has to sign in, as with `npm run dev`. */
  readonly isOpen: boolean
  readonly flushIntervalSeconds: number
}
