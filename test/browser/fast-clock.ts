import type { Page } from 'playwright-core'

/**
 * Gives a page a clock of its own, which stands while a request is under way and otherwise goes straight to the next
 * timer. An hour lasts as long as its requests then.
 */
export async function useFastClock(page: Page): Promise<void> {
  await page.addInitScript(() => {
    type Timer = { readonly id: number; readonly atMs: number; readonly call: () => void }
    const { requestAnimationFrame: draw } = globalThis as unknown as {
      requestAnimationFrame: (call: () => void) => void
    }
    const [later, fetched, sinceMs] = [setTimeout, fetch, Date.now()]
    const timers: Timer[] = []
    let [nowMs, untilMs, ids, underWay, requests, told] = [0, 0, 0, 0, 0, 0]
    Object.assign(globalThis, {
      setTimeout: (call: () => void, ms = 0) => {
        timers.push({ id: ++ids, atMs: nowMs + ms, call })
        return ids
      },
      clearTimeout: (id: number) => {
        const at = timers.findIndex((timer) => timer.id === id)
        if (at !== -1) timers.splice(at, 1)
      },
      fetch: async (...args: Parameters<typeof fetch>) => {
        underWay += 1
        requests += 1
        try {
          const response = await fetched(...args)
          return new Response(await response.text(), response)
        } finally {
          // The page does with an answer all that it does, such as to draw it, before the clock goes on.
          draw(() => draw(() => (underWay -= 1)))
        }
      },
      /** Lets so much time pass. @returns how many requests were sent in it, and since the time before. */
      pass: async (ms: number) => {
        const before = told
        untilMs += ms
        while (nowMs < untilMs || underWay > 0) {
          timers.sort((a, b) => a.atMs - b.atMs)
          const [first] = timers
          if (underWay === 0 && (first === undefined || first.atMs > untilMs)) nowMs = untilMs
          else if (underWay === 0 && first !== undefined) {
            timers.shift()
            nowMs = Math.max(nowMs, first.atMs)
            first.call()
          }
          await new Promise((resolve) => later(resolve, 0))
        }
        told = requests
        return told - before
      },
    })
    performance.now = () => nowMs
    Date.now = () => sinceMs + nowMs
  })
}

/** Lets time pass on a page with a fast clock. @returns how many requests it has sent since the time before. */
export function pass(page: Page, ms: number): Promise<number> {
  return page.evaluate<number>(`pass(${ms})`)
}
