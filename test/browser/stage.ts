import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type LaunchOptions, type Page } from 'playwright-core'
import { openStage, type Stage as WorkerStage } from '../e2e/foreign/stage.ts'
import type { AtEnd } from '../support/at-end.ts'
import { command } from '../support/command.ts'
import { findLog, type Log } from './log.ts'

const run = promisify(execFile)

/** Pictures for people to look at; git ignores the folder. */
export const SCREENSHOTS = join(import.meta.dirname, 'screenshots')

export const TOKENS = { ops: 'sd_of-the-operators', acme: 'sd_of-acme-alone' }

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const API_TOKENS = JSON.stringify([
  { name: 'ops', sha256: sha256(TOKENS.ops), scopes: ['read', 'write', 'admin'] },
  { name: 'acme', sha256: sha256(TOKENS.acme), scopes: ['read'], prefix: 'site/acme' },
])

/** The Worker with tokens and an imported log, and a browser. */
export type Stage = Pick<WorkerStage, 'url' | 'sql'> & {
  readonly browser: Browser
  readonly log: Log
  count(items: readonly object[]): Promise<void>
}

export async function startStage(atEnd: AtEnd): Promise<Stage> {
  const log = findLog(atEnd)
  const [{ url, sql, close }, browser, importer] = await Promise.all([
    openStage({ API_TOKENS, LATE_HOURS: '200000' }),
    launchBrowser(atEnd),
    command('import'),
  ])
  atEnd(close)
  const env = { ...process.env, SUMDIAL_TOKEN: TOKENS.ops }
  await run(process.execPath, [importer, log.path, '--url', url], { env })
  return {
    url,
    sql,
    browser,
    log,
    async count(items) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKENS.ops}` }
      const response = await fetch(`${url}/increment`, {
        method: 'POST',
        headers,
        body: JSON.stringify(items),
      })
      if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`)
    },
  }
}

/**
 * A Chromium from npm, which needs nothing of the system; elsewhere than on Linux the machine's own Chrome.
 *
 * @param more options, such as arguments beside those that it needs here.
 */
export async function launchBrowser(atEnd: AtEnd, more: LaunchOptions = {}): Promise<Browser> {
  const browser =
    process.platform === 'linux'
      ? await launchBundled(more)
      : await chromium.launch({ channel: 'chrome', ...more })
  atEnd(() => browser.close())
  return browser
}

async function launchBundled({ args: own = [], ...more }: LaunchOptions): Promise<Browser> {
  const { default: bundled } = await import('@sparticuz/chromium')
  // Not its own flags, of which one turns off what keeps pages apart.
  const args = [...own, '--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage']
  return chromium.launch({ executablePath: await bundled.executablePath(), args, ...more })
}

export type Look = { readonly colorScheme: 'light' | 'dark'; readonly width: number; readonly height: number }

export const WIDE: Look = { colorScheme: 'light', width: 1280, height: 900 }

export const LOOKS: Readonly<Record<string, Look>> = {
  light: WIDE,
  dark: { ...WIDE, colorScheme: 'dark' },
  phone: { colorScheme: 'light', width: 375, height: 812 },
  'phone-dark': { colorScheme: 'dark', width: 375, height: 812 },
}

/** A browser of one person, who is signed in with a token or not. What goes wrong in it is in `faults`. */
export type Person = { readonly context: BrowserContext; readonly page: Page; readonly faults: string[] }

export async function newPerson({ browser, url }: Stage, look: Look, token?: string): Promise<Person> {
  const { colorScheme, width, height } = look
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height },
    colorScheme,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  })
  if (token !== undefined) {
    const cookie = {
      name: 'sumdial',
      value: token,
      url,
      httpOnly: true,
      sameSite: 'Strict' as const,
    }
    await context.addCookies([cookie])
  }
  // Longer than usual, because other files run beside this one.
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // The browser says of its own each answer that is not 2xx.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text())
  })
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== url)
      faults.push(request.url())
  })
  return { context, page, faults }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The faults that axe-core finds on a page, by its rules for WCAG 2.2 AA and its best practices. */
export async function axeFaults(page: Page): Promise<string[]> {
  // The page's policy lets nothing be injected, so it is evaluated by the browser itself.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run: (options: object) => Promise<{
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]
        }>
      }
    }
    // Without this it also describes every element that is right.
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)}: ${failureSummary}`),
    )
  })
}
