import type { ComponentChildren } from 'preact'

type StatProps = {
  readonly words: string
  readonly note: string
  readonly children: ComponentChildren
}

/** A figure in large type with its name and a note. */
export function Stat({ words, note, children }: StatProps) {
  return (
    <div>
      <dt>{words}</dt>
      <dd>{children}</dd>
      <dd class="hint">{note}</dd>
    </div>
  )
}
