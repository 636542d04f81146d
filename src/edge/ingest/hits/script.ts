/**
 * The script of `GET /hit.js`, for browsers since 2020. It keeps nothing and asks for nothing: no cookie, no storage, no
 * fingerprint. It is plain text, because it runs in pages and not here; test/browser/hits.test.ts runs it.
 *
 * - A view counts when the page is seen: not while it is prerendered or in a tab behind, once it comes forward.
 * - A return from the back-forward cache is a view. So is `history.pushState`, and a step back or forward within the
 *   page, where the path is another one; with `data-hash` also where the part behind `#` is. `replaceState` is none.
 * - A view is sent once: as a beacon, or as a picture where the browser takes no beacon.
 * - Browsers that a program drives, and robots that say so, are not counted.
 *
 * The address of the script says where hits go, so the path is the user's to choose.
 */
export const HIT_SCRIPT = `(() => {
  const script = document.currentScript
  const { key = location.hostname, token, hash } = script.dataset
  if (navigator.webdriver || /bot|crawl|spider|headless/i.test(navigator.userAgent)) return
  const base = script.src.replace(/\\.js([?#].*)?$/, '/') + encodeURI(key).replace(/[?#]/g, encodeURIComponent)
  let last
  let waits
  const see = () => {
    if (!waits || document.prerendering || document.visibilityState !== 'visible') return
    waits = false
    const url = base + last + (token ? '?access_token=' + token : '')
    if (!navigator.sendBeacon || !navigator.sendBeacon(url)) new Image().src = url
  }
  const place = () =>
    (location.pathname.replace(/\\/+$/, '') || '/(home)') + (hash === undefined ? '' : encodeURIComponent(location.hash))
  const view = () => {
    const now = place()
    if (now === last) return
    last = now
    waits = true
    see()
  }
  const { pushState, replaceState } = history
  history.pushState = function () {
    pushState.apply(this, arguments)
    view()
  }
  history.replaceState = function () {
    replaceState.apply(this, arguments)
    last = place()
  }
  addEventListener('popstate', view)
  addEventListener('pageshow', (event) => {
    if (event.persisted) last = undefined
    view()
  })
  document.addEventListener('visibilitychange', see)
  document.addEventListener('prerenderingchange', see)
  view()
})()
`
