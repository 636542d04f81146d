import { useEffect, useRef, useState } from 'preact/hooks'
import { usePage } from '../data/context.ts'
import type { View } from '../data/view.ts'

type Top = Extract<View, { name: 'top' }>

/** Narrows the list while somebody types. It waits for a pause, so that not every letter makes a request. */
export function Search({ view }: { readonly view: Top }) {
  const { go } = usePage()
  const [text, setText] = useState(view.contains)
  const asked = useRef(view.contains)
  // The field is kept while the list narrows, so that it keeps its focus and what is typed meanwhile.
  useEffect(() => {
    if (view.contains === asked.current) return
    asked.current = view.contains
    setText(view.contains)
  }, [view.contains])
  useEffect(() => {
    if (text === asked.current) return
    const timer = setTimeout(() => {
      asked.current = text
      go({ ...view, contains: text, page: 1 }, 'replace')
    }, 350)
    return () => clearTimeout(timer)
  }, [text, view, go])
  return (
    <search class="search">
      <input
        type="search"
        value={text}
        maxLength={512}
        placeholder="Keys that contain…"
        aria-label="Keys that contain"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </search>
  )
}
