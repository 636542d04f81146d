import type { Shown } from '../data/view.ts'

/** A key's text, or a prefix with an ellipsis behind it. */
export function nameOf({ kind, name }: Shown): string {
  if (kind === 'key') return name
  return name === '' ? 'all keys' : `${name}…`
}
