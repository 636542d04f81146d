import type { Shown } from '../data/view.ts'
import { visible } from '../data/visible.ts'

/** A key's text for people to read, or a prefix with an ellipsis behind it. */
export function nameOf({ kind, name }: Shown): string {
  if (kind === 'key') return visible(name)
  return name === '' ? 'all keys' : `${visible(name)}…`
}

/** `nameOf` as a part of the page: the direction of writing stays inside. */
export function ShownName({ shown }: { readonly shown: Shown }) {
  return <bdi>{nameOf(shown)}</bdi>
}
