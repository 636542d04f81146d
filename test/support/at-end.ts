import { afterAll, beforeAll } from 'vitest'

/** Takes what is to be done at the end: of the running test, or of something longer. */
export type AtEnd = (work: () => void | Promise<void>) => void

/** Starts something before all tests of a file or block, and ends it after them: what was started last ends first. */
export function startForAll(start: (atEnd: AtEnd) => void | Promise<void>, timeoutMs?: number): void {
  const endings: Parameters<AtEnd>[0][] = []
  beforeAll(() => start((work) => endings.unshift(work)), timeoutMs)
  afterAll(async () => {
    for (const end of endings) await end()
  })
}
