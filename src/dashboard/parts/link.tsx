import type { ComponentChildren } from 'preact'
import { usePage } from '../data/context.ts'
import { addressOf, type View } from '../data/view.ts'

type LinkProps = {
  readonly to: View
  readonly children: ComponentChildren
  readonly class?: string
  readonly title?: string
  readonly 'aria-label'?: string
  readonly 'aria-current'?: 'page' | undefined
}

/** A real link, which can be copied or opened in a new tab. A plain click stays in this page. */
export function Link({ to, children, ...rest }: LinkProps) {
  const { go } = usePage()
  const onClick = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(to)
  }
  return (
    <a {...rest} href={addressOf(to)} onClick={onClick}>
      {children}
    </a>
  )
}
