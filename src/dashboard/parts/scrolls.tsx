import type { ComponentChildren } from 'preact'

type ScrollsProps = {
  readonly labelledBy?: string
  readonly label?: string
  readonly isLong?: boolean
  readonly children: ComponentChildren
}

/** A card that scrolls when its table is wider or longer than the card. */
export function Scrolls({ labelledBy, label, isLong = false, children }: ScrollsProps) {
  return (
    <section
      class={`card scrolls ${isLong ? 'is-long' : ''}`}
      aria-labelledby={labelledBy}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled must be reached with a keyboard
      tabIndex={0}
    >
      {children}
    </section>
  )
}
