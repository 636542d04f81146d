/** The document, as far as it says whether somebody looks at it. */
export type Watched = EventTarget & { readonly hidden: boolean }

/**
 * Calls `work` every `ms` while the page is visible, and at once when it becomes visible again; never twice at the same
 * time. A page in the background asks nothing.
 *
 * @returns a function that stops it.
 */
export function every(ms: number, work: () => Promise<void>, page: Watched): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let [isBusy, isOver] = [false, false]
  const turn = async () => {
    clearTimeout(timer)
    if (isBusy || isOver || page.hidden) return
    isBusy = true
    try {
      await work()
    } finally {
      isBusy = false
      if (!isOver) timer = setTimeout(turn, ms)
    }
  }
  const onChange = () => void turn()
  timer = setTimeout(turn, ms)
  page.addEventListener('visibilitychange', onChange)
  return () => {
    isOver = true
    clearTimeout(timer)
    page.removeEventListener('visibilitychange', onChange)
  }
}

/**
 * Calls `work` once: after `ms`, and not before the page is visible.
 *
 * @returns a function that cancels it.
 */
export function onceSeen(ms: number, work: () => void, page: Watched): () => void {
  let isDue = false
  const end = () => {
    clearTimeout(timer)
    page.removeEventListener('visibilitychange', onChange)
  }
  const onChange = () => {
    if (!isDue || page.hidden) return
    end()
    work()
  }
  const timer = setTimeout(() => {
    isDue = true
    onChange()
  }, ms)
  page.addEventListener('visibilitychange', onChange)
  return end
}
