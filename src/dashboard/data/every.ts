/** Whether somebody looks: the document, which tells of each change. */
export type Watched = EventTarget & { readonly hidden: boolean }

/**
 * Calls `work` every so often while the page is looked at, and at once when it is looked at again; never twice at a
 * time. A page in the background asks nothing.
 *
 * @returns what ends it.
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
 * Calls `work` once, after a time at the earliest, and not before the page is looked at.
 *
 * @returns what takes it back.
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
