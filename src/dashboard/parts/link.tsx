import type { ComponentChildren } from 'preact'
import { usePage } from '../data/context.ts'
import { grouped } from '../data/numbers.ts'
import { addressOf, LAST_PAGE, PAGE_ROWS, type View } from '../data/view.ts'

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

type PageLinksProps = {
  readonly view: Extract<View, { page: number }>
  /** The page that is shown, which is the one before while another is under way. */
  readonly page: number
  /** Whether there are rows behind it. */
  readonly hasMore: boolean
}

/** Links to the pages of a list before and behind the one that is shown; nothing for a list that is a single page. */
export function PageLinks({ view, page, hasMore }: PageLinksProps) {
  if (page === 1 && !hasMore) return null
  const rows = PAGE_ROWS[view.name]
  const isEnd = page === LAST_PAGE[view.name]
  return (
    <nav class="more" aria-label="Pages">
      {page === 1 ? null : <Link to={{ ...view, page: page - 1 }}>Previous {rows}</Link>}
      <span class="hint">Page {page}</span>
      {hasMore && !isEnd ? <Link to={{ ...view, page: page + 1 }}>Next {rows}</Link> : null}
      {hasMore && isEnd ? (
        <span class="hint">These were the {grouped(page * rows)} largest: download all for the others.</span>
      ) : null}
    </nav>
  )
}
