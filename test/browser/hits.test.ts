import { createHash } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Dev, makeState, startDev } from '../support/dev.ts'
import { type Site, startSite, tagOf } from './site.ts'
import { launchBrowser } from './stage.ts'

const TOKENS = { page: 'sd_in-every-page', ops: 'sd_of-the-operators' }

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const API_TOKENS = JSON.stringify([
  { name: 'page', sha256: sha256(TOKENS.page), scopes: ['hit'], prefix: 'site' },
  { name: 'ops', sha256: sha256(TOKENS.ops), scopes: ['read', 'write', 'adjust'] },
])

/** As a person's browser calls itself: the one of these tests says that it is driven. */
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'

let dev: Dev
let browser: Browser
let site: Site
const endings: (() => void | Promise<void>)[] = []

beforeAll(async () => {
  const atEnd = (work: () => void | Promise<void>) => void endings.unshift(work)
  const launch = {
    args: ['--disable-blink-features=AutomationControlled'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  }
  ;[dev, browser, site] = await Promise.all([
    startDev({ state: makeState(atEnd), vars: { API_TOKENS, FLUSH_INTERVAL_SECONDS: '1' } }, atEnd),
    launchBrowser(atEnd, launch),
    startSite(atEnd),
  ])
})

afterAll(async () => {
  for (const end of endings) await end()
})

let visits = 0

type Visit = {
  readonly page: Page
  readonly context: BrowserContext
  /** Where this visit's views count. */
  readonly key: string
  /** The views that the page sent, by method and path below the key. */
  readonly sent: string[]
}

/** Somebody with a browser of their own, and a site whose pages count under a key of its own. */
async function visit({ more = '', userAgent = USER_AGENT, init = '' } = {}): Promise<Visit> {
  const key = `site/s${++visits}`
  site.head = tagOf({ worker: dev.url, key, token: TOKENS.page, more })
  const context = await browser.newContext({ userAgent })
  onTestFinished(() => context.close())
  if (init !== '') await context.addInitScript(init)
  const page = await context.newPage()
  const sent: string[] = []
  context.on('request', (request) => {
    const [, path] = request.url().split(`/hit/${key}`)
    if (path !== undefined) sent.push(`${request.method()} ${path.split('?')[0]}`)
  })
  return { page, context, key, sent }
}

async function sums(key: string): Promise<Record<string, number>> {
  const headers = { authorization: `Bearer ${TOKENS.ops}` }
  const { items } = (await (await fetch(`${dev.url}/keys?prefix=${key}/&limit=100`, { headers })).json()) as {
    items: { key: string; sum: number }[]
  }
  return Object.fromEntries(items.map((item) => [item.key.slice(key.length), item.sum]))
}

/** Waits until the views of a site are in Postgres, and insists that there are no others. */
async function expectViews({ key }: Visit, expected: Record<string, number>): Promise<void> {
  await vi.waitFor(async () => expect(await sums(key)).toEqual(expected), { timeout: 15_000, interval: 200 })
}

/** Until the script of the page has run. */
async function loaded(page: Page, path: string): Promise<void> {
  await page.goto(`${site.url}${path}`, { waitUntil: 'load' })
}

describe('a page with the tag of docs/pages.md', () => {
  test('[S3] sends each view once, as a beacon, and keeps nothing in the browser', async () => {
    const visitor = await visit()
    await loaded(visitor.page, '/pricing?utm_source=mail')
    await loaded(visitor.page, '/')
    await loaded(visitor.page, '/caf%C3%A9/')
    await expectViews(visitor, { '/pricing': 1, '/(home)': 1, '/café': 1 })
    expect(visitor.sent).toEqual(['POST /pricing', 'POST /(home)', 'POST /caf%C3%A9'])
    expect(await visitor.context.cookies([site.url, dev.url])).toEqual([])
    const kept = await visitor.page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')
    expect(kept).toEqual([0, 0, ''])
  })

  test.each([
    ['has no beacon', 'delete Navigator.prototype.sendBeacon'],
    ['takes no beacon', 'Navigator.prototype.sendBeacon = () => false'],
  ])('[S3] sends a view as a picture alone where the browser %s', async (_, init) => {
    const visitor = await visit({ init })
    await loaded(visitor.page, '/a')
    await expectViews(visitor, { '/a': 1 })
    expect(visitor.sent).toEqual(['GET /a'])
  })

  // A Chromium without a window prerenders nothing and keeps no page, so its pages are told that it did.
  test('counts a page that is prerendered when it is seen, and not before', async () => {
    const init = `let isAhead = true
      Object.defineProperty(Document.prototype, 'prerendering', { get: () => isAhead })
      addEventListener('seen', () => { isAhead = false; document.dispatchEvent(new Event('prerenderingchange')) })`
    const visitor = await visit({ init })
    await loaded(visitor.page, '/a')
    expect(visitor.sent).toEqual([])
    for (const _ of [1, 2]) await visitor.page.evaluate("dispatchEvent(new Event('seen'))")
    await expectViews(visitor, { '/a': 1 })
    expect(visitor.sent).toEqual(['POST /a'])
  })

  test('counts a return to a page that the browser kept', async () => {
    const visitor = await visit()
    await loaded(visitor.page, '/a')
    for (const persisted of [true, false, true]) {
      await visitor.page.evaluate(
        `dispatchEvent(new PageTransitionEvent('pageshow', { persisted: ${persisted} }))`,
      )
    }
    await expectViews(visitor, { '/a': 3 })
  })

  test('counts the steps within a single-page application, and no step to where it is', async () => {
    const visitor = await visit()
    const { page } = visitor
    await loaded(page, '/a')
    await page.evaluate(`
      history.pushState({}, '', '/b')
      history.pushState({}, '', '/b?tab=2')
      history.replaceState({}, '', '/c')
      location.hash = 'here'`)
    await page.goBack()
    await page.goBack()
    await page.goBack()
    await expectViews(visitor, { '/a': 2, '/b': 2 })
  })

  test('counts what is behind # with data-hash', async () => {
    const visitor = await visit({ more: 'data-hash' })
    await loaded(visitor.page, '/app')
    await visitor.page.evaluate("location.hash = '#/settings'")
    await expectViews(visitor, { '/app': 1, '/app#/settings': 1 })
  })

  test('counts a page in a tab behind when it comes forward', async () => {
    const init = `let state = 'hidden'
      Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state })
      addEventListener('forward', () => { state = 'visible'; document.dispatchEvent(new Event('visibilitychange')) })`
    const visitor = await visit({ init })
    await loaded(visitor.page, '/a')
    await loaded(visitor.page, '/b')
    expect(visitor.sent).toEqual([])
    for (const _ of [1, 2]) await visitor.page.evaluate("dispatchEvent(new Event('forward'))")
    await expectViews(visitor, { '/b': 1 })
    expect(visitor.sent).toEqual(['POST /b'])
  })

  test.each([
    [
      'a program drives',
      { init: "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => true })" },
    ],
    ['is a robot that says so', { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' }],
  ])('does not count a browser that %s', async (_, how) => {
    const visitor = await visit(how)
    await loaded(visitor.page, '/a')
    const asked = await visitor.page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name),
    )
    expect(asked).toEqual([`${dev.url}/hit.js`])
    expect(visitor.sent).toEqual([])
  })

  test("[S3] gives away nothing but 1 more: its token is tried for everything, from the page's own origin", async () => {
    const visitor = await visit()
    await loaded(visitor.page, '/a')
    const tried = await visitor.page.evaluate(
      async ([worker, key, token]) => {
        const item = JSON.stringify([{ key: `${key}/forged`, value: 1_000 }])
        const authorization = `Bearer ${token}`
        const address = `?access_token=${token}`
        const tries: [string, RequestInit][] = [
          [
            '/increment',
            { method: 'POST', body: item, headers: { authorization, 'content-type': 'application/json' } },
          ],
          [`/increment${address}`, { method: 'POST', body: item, mode: 'no-cors' }],
          [`/hit/${key}/forged${address}&value=1000`, { method: 'POST', mode: 'no-cors' }],
          [`/hit/other/forged${address}`, { method: 'POST', mode: 'no-cors' }],
          [`/counters/${key}/a`, { headers: { authorization } }],
          [`/keys${address}&prefix=site`, {}],
          ['/session', { method: 'POST', headers: { authorization }, credentials: 'include' }],
          [`/session${address}`, { method: 'POST', mode: 'no-cors', credentials: 'include' }],
          ['/parked/discard', { method: 'POST', headers: { authorization }, body: '{}' }],
        ]
        return Promise.all(
          tries.map(([path, init]) =>
            fetch(`${worker}${path}`, init).then(
              ({ type, status }) => `${type} ${status}`,
              () => 'refused',
            ),
          ),
        )
      },
      [dev.url, visitor.key, TOKENS.page] as const,
    )
    const [json, beacon, wide, other, ...rest] = tried
    // Opaque: the page is not told how it went, and the sums below say it.
    expect([json, beacon, wide, other]).toEqual(['refused', 'opaque 0', 'opaque 0', 'opaque 0'])
    expect(rest).toEqual(['refused', 'refused', 'refused', 'opaque 0', 'refused'])
    expect(await visitor.context.cookies([dev.url])).toEqual([])
    await expectViews(visitor, { '/a': 1 })
    expect(await sums('other')).toEqual({})
    const more = `${dev.url}/hit/${visitor.key}/b?access_token=${TOKENS.page}`
    expect(await visitor.page.evaluate(`navigator.sendBeacon('${more}')`)).toBe(true)
    await expectViews(visitor, { '/a': 1, '/b': 1 })
  })
})
