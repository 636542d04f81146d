import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { openStage, type Stage } from '../e2e/foreign/stage.ts'
import { type AtEnd, startForAll } from '../support/at-end.ts'
import { type Site, startSite, tagOf } from './site.ts'

/**
 * A whole Chromium of the machine, which keeps pages for a return and prerenders them. The one from npm is a shell that does
 * neither.
 */
const CHROMIUM = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find(existsSync)

/** As a person's browser calls itself: a headless one says that it is. */
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'

const KEY = 'site/kept'

const tokenOf = (name: string, rights: object) => {
  return { name, sha256: createHash('sha256').update(name).digest('hex'), ...rights }
}

const API_TOKENS = JSON.stringify([
  tokenOf('page', { scopes: ['hit'], prefix: KEY }),
  tokenOf('ops', { scopes: ['read'] }),
])

/** A Chromium takes half a minute to begin on a machine that has much else to do. */
const TIMEOUT_MS = 90_000

/**
 * Pages that go from one to the next by themselves once their view has been sent: nobody may drive a browser that is to
 * prerender. What they find they tell their site. The one called /never is prerendered, and never seen.
 */
const JOURNEY = `<script>
  const tell = (what) => fetch('/told/' + what)
  const until = (isSo, then) => {
    const timer = setInterval(() => {
      if (!isSo()) return
      clearInterval(timer)
      then()
    }, 50)
  }
  const isSent = () => performance.getEntriesByType('resource').some(({ name }) => name.includes('/hit/'))
  const go = (path) => () => { location.href = path }
  const pages = {
    '/kept'() {
      addEventListener('pageshow', ({ persisted }) => {
        if (!persisted) return
        tell('kept')
        until(isSent, go('/first'))
      })
      until(isSent, () => {
        performance.clearResourceTimings()
        location.href = '/other'
      })
    },
    '/other': () => until(isSent, () => history.back()),
    '/first'() {
      const rules = document.createElement('script')
      rules.type = 'speculationrules'
      rules.textContent = '{"prerender":[{"urls":["/ahead","/never"],"eagerness":"immediate"}]}'
      document.head.append(rules)
      until(() => isSent() && localStorage['/ahead'] && localStorage['/never'], go('/ahead'))
    },
    '/ahead': () => document.addEventListener('prerenderingchange', () => tell('seen')),
  }
  pages[location.pathname]?.()
  if (document.prerendering) addEventListener('load', () => { localStorage[location.pathname] = 'ready' })
</script>`

describe.skipIf(CHROMIUM === undefined)('a browser that nobody drives', () => {
  let stage: Stage
  let site: Site

  startForAll(async (atEnd) => {
    ;[stage, site] = await Promise.all([openStage({ API_TOKENS }), startSite(atEnd)])
    atEnd(() => stage.close())
    site.head = tagOf({ worker: stage.url, key: KEY, token: 'page' }) + JOURNEY
    browse(`${site.url}/kept`, atEnd)
  }, 2 * TIMEOUT_MS)

  test(
    'counts a page that it kept once more at a return, and one that it prerendered when it is seen',
    async () => {
      await vi.waitFor(() => expect(site.asked).toContain('/told/seen'), {
        timeout: TIMEOUT_MS,
        interval: 200,
      })
      expect(site.asked).toContain('/told/kept')
      expect(site.asked).toContain('/never')
      const views = { '/kept': 2, '/other': 1, '/first': 1, '/ahead': 1 }
      await vi.waitFor(async () => expect(await sums(stage.url)).toEqual(views), {
        timeout: 15_000,
        interval: 200,
      })
    },
    2 * TIMEOUT_MS,
  )
})

function browse(url: string, atEnd: AtEnd): void {
  const profile = mkdtempSync(join(tmpdir(), 'sumdial-profile-'))
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
  ]
  const asPerson = ['--disable-blink-features=AutomationControlled', `--user-agent=${USER_AGENT}`]
  const child = spawn(CHROMIUM ?? '', [...flags, ...asPerson, `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
  })
  atEnd(async () => {
    const ended = once(child, 'exit')
    child.kill()
    await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })
}

async function sums(worker: string): Promise<Record<string, number>> {
  const headers = { authorization: 'Bearer ops' }
  const { items } = (await (await fetch(`${worker}/keys?prefix=${KEY}/`, { headers })).json()) as {
    items: { key: string; sum: number }[]
  }
  return Object.fromEntries(items.map(({ key, sum }) => [key.slice(KEY.length), sum]))
}
