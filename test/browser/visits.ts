import { createHash } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect, onTestFinished, vi } from 'vitest'
import { openStage, type Stage } from '../e2e/foreign/stage.ts'
import { startForAll } from '../support/at-end.ts'
import { type Site, startSite, tagOf } from './site.ts'
import { launchBrowser } from './stage.ts'

export const TOKENS = { page: 'sd_in-every-page', ops: 'sd_of-the-operators' }

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const API_TOKENS = JSON.stringify([
  { name: 'page', sha256: sha256(TOKENS.page), scopes: ['hit'], prefix: 'site' },
  { name: 'ops', sha256: sha256(TOKENS.ops), scopes: ['read', 'write', 'adjust'] },
])

/** As a person's browser calls itself: the one of these tests says that it is driven. */
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'

/** Of the test file that called `useSite`. */
export let stage: Stage
export let site: Site
let browser: Browser

/** Starts a Worker, a browser and a site before the tests of a file, and ends them after these. */
export function useSite(): void {
  startForAll(async (atEnd) => {
    const launch = {
      args: ['--disable-blink-features=AutomationControlled'],
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    }
    ;[stage, browser, site] = await Promise.all([
      openStage({ API_TOKENS }),
      launchBrowser(atEnd, launch),
      startSite(atEnd),
    ])
    atEnd(() => stage.close())
  })
}

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
export async function visit({ more = '', userAgent = USER_AGENT, init = '' } = {}): Promise<Visit> {
  const key = `site/s${++visits}`
  site.head = tagOf({ worker: stage.url, key, token: TOKENS.page, more })
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

export async function sums(key: string): Promise<Record<string, number>> {
  const headers = { authorization: `Bearer ${TOKENS.ops}` }
  const { items } = (await (
    await fetch(`${stage.url}/keys?prefix=${key}/&limit=100`, { headers })
  ).json()) as {
    items: { key: string; sum: number }[]
  }
  return Object.fromEntries(items.map((item) => [item.key.slice(key.length), item.sum]))
}

/** Waits until the views of a site are in Postgres, and insists that there are no others. */
export async function expectViews({ key }: Visit, expected: Record<string, number>): Promise<void> {
  await vi.waitFor(async () => expect(await sums(key)).toEqual(expected), { timeout: 30_000, interval: 200 })
}

/** Until the script of the page has run. */
export async function loaded(page: Page, path: string): Promise<void> {
  await page.goto(`${site.url}${path}`, { waitUntil: 'load' })
}
