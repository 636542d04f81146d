/** The part of a browser's document that is used. A Worker, Node and a service worker have no document. */
type PageDocument = {
  readonly visibilityState: string
  addEventListener(type: 'visibilitychange', listener: () => void): void
  removeEventListener(type: 'visibilitychange', listener: () => void): void
}

type Frame = {
  addEventListener(type: 'pagehide', listener: () => void): void
  removeEventListener(type: 'pagehide', listener: () => void): void
}

/** The browser's page; undefined where there is none. */
function thisPage(): { readonly page: PageDocument; readonly frame: Frame } | undefined {
  const { document: page } = globalThis as { readonly document?: PageDocument }
  return page === undefined ? undefined : { page, frame: globalThis as unknown as Frame }
}

export function isInPage(): boolean {
  return thisPage() !== undefined
}

/**
 * Calls back whenever the page may be about to go. On many phones `visibilitychange` is the last event of a page; a desktop
 * that closes a visible tab fires `pagehide` alone. Source: Page Lifecycle, "visibilitychange" and "pagehide".
 *
 * @returns a function that ends the listening.
 */
export function onLeave(callback: () => void): () => void {
  const here = thisPage()
  if (here === undefined) return () => undefined
  const { page, frame } = here
  const onChange = () => {
    if (page.visibilityState === 'hidden') callback()
  }
  page.addEventListener('visibilitychange', onChange)
  frame.addEventListener('pagehide', callback)
  return () => {
    page.removeEventListener('visibilitychange', onChange)
    frame.removeEventListener('pagehide', callback)
  }
}
