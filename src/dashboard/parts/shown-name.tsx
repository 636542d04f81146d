import { grouped } from '../data/numbers.ts'
import type { BreakdownPart } from '../data/series.ts'
import type { Shown } from '../data/view.ts'
import { visible } from '../data/visible.ts'

/** A key's text for people to read, or a prefix with an ellipsis behind it, or a part of a breakdown. */
export function shownNameOf(shown: Shown | BreakdownPart): string {
  switch (shown.kind) {
    case 'key':
      return visible(shown.name)
    case 'prefix':
      return shown.name === '' ? 'all keys' : `${visible(shown.name)}…`
    case 'group':
      return visible(shown.value)
    case 'others':
      return shown.groups === 1 ? '1 other value' : `${grouped(shown.groups)} other values`
    case 'unlabelled':
      return `no ${shown.label}`
    case 'overflow':
      return 'overflow'
  }
}

/** `shownNameOf` as a part of the page: the direction of writing stays inside. */
export function ShownName({ shown }: { readonly shown: Shown | BreakdownPart }) {
  return <bdi>{shownNameOf(shown)}</bdi>
}
