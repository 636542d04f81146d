import type { ComponentChildren } from 'preact'

type ScrollsProps = {
  readonly labelledBy?: string
  readonly label?: string
  readonly children: ComponentChildren
}

/** A card whose table may be wider or longer than its place. */
export function Scrolls({ labelledBy, label, children }: ScrollsProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reached with a keyboard
    <section class="card scrolls" aria-labelledby={labelledBy} aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
