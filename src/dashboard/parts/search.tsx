import { useEffect, useState } from 'preact/hooks'
import { usePage } from '../context.ts'
import type { View } from '../view.ts'

type Top = Extract<View, { name: 'top' }>

/** Narrows the list as one types; it waits for a pause, so that not each letter asks. */
export function Search({ view }: { readonly view: Top }) {
  const { go } = usePage()
  const [text, setText] = useState(view.prefix)
  useEffect(() => {
    if (text === view.prefix) return
    const timer = setTimeout(() => go({ ...view, prefix: text, isMore: false }, 'replace'), 350)
    return () => clearTimeout(timer)
  }, [text, view, go])
  return (
    <search class="search">
      <input
        type="search"
        value={text}
        maxLength={512}
        placeholder="Keys that begin with…"
        aria-label="Keys that begin with"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </search>
  )
}
