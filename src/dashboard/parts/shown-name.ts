import type { Shown } from '../data/view.ts'

/** A key as it is; of a prefix, that there is more behind it. */
export function nameOf({ kind, name }: Shown): string {
  if (kind === 'key') return name
  return name === '' ? 'all keys' : `${name}…`
}
