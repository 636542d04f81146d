/** What of a browser's page is used; a Worker, Node and a service worker have none. */
type Page = {
  readonly visibilityState: string
  addEventListener(type: 'visibilitychange', listener: () => void): void
  removeEventListener(type: 'visibilitychange', listener: () => void): void
}

type Frame = {
  addEventListener(type: 'pagehide', listener: () => void): void
  removeEventListener(type: 'pagehide', listener: () => void): void
}

/** Undefined where there is no page. */
function thisPage(): { readonly page: Page; readonly frame: Frame } | undefined {
  const { document: page } = globalThis as { readonly document?: Page }
  return page === undefined ? undefined : { page, frame: globalThis as unknown as Frame }
}

export function isInPage(): boolean {
  return thisPage() !== undefined
}

/**
 * Calls back whenever the page may be about to go. Hidden is the last that many phones tell; desktops that close a tab
 * in view tell pagehide alone. Source: Page Lifecycle, "visibilitychange" and "pagehide".
 *
 * @returns what ends it.
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
