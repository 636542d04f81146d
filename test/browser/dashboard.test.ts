import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { pass, useFastClock } from './fast-clock.ts'
import { DAYS } from './log.ts'
import {
  axeFaults,
  LOOKS,
  newPerson,
  type Person,
  SCREENSHOTS,
  type Stage,
  startStage,
  TOKENS,
  WIDE,
} from './stage.ts'

let stage: Stage
const endings: (() => void | Promise<void>)[] = []

beforeAll(async () => {
  stage = await startStage((work) => endings.unshift(work))
  const now = new Date().toISOString()
  await stage.count([
    { key: 'site/acme/home', value: 1_234_567_890, at: now },
    { key: 'site/acme/pricing', value: 5, at: now },
    { key: 'site/other', value: 7, at: now },
    { key: 'turn/a', value: 1, at: now },
    { key: 'turn/a', value: 1_000, at: hoursAgo(40) },
    { key: 'beside/a/x', value: 150, at: now },
    { key: 'beside/a/x', value: 100, at: hoursAgo(30), labels: { plan: 'pro' } },
    { key: 'beside/a/x', value: 20, at: hoursAgo(30) },
    { key: 'beside/b', value: 30, at: now, labels: { plan: 'pro' } },
    { key: 'beside/c/y', value: 40, at: hoursAgo(30) },
    { key: 'beside/c/y', value: 10, at: now },
    { key: 'beside/c', value: 5, at: now },
    { key: 'beside/c', value: 4, at: hoursAgo(30) },
    ...PLANS.map(([plan, value], i) => ({
      key: 'split/a',
      value,
      at: now,
      labels: { plan, region: i % 2 === 0 ? 'eu' : 'us' },
    })),
    { key: 'split/a', value: 7, at: now },
  ])
  await flushed('site/', 3)
  await flushed('split/', 1)
  await flushed('beside/', 4)
})

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()

/** Calls by plan, the largest first: more plans than a breakdown shows. Every other plan is in the region `eu`. */
const PLANS = Array.from({ length: 12 }, (_, i) => [`plan-${i}`, 1_000 - i] as const)

afterAll(async () => {
  for (const end of endings) await end()
})

/** Until Postgres has so many keys under a prefix. */
async function flushed(prefix: string, keys: number): Promise<void> {
  const headers = { authorization: `Bearer ${TOKENS.ops}` }
  await vi.waitFor(
    async () => {
      const response = await fetch(`${stage.dev.url}/keys?prefix=${prefix}`, { headers })
      expect(((await response.json()) as { items: object[] }).items).toHaveLength(keys)
    },
    { timeout: 15_000, interval: 100 },
  )
}

/** In the days of the log, and in the clocks that it was written by. */
const THEN = `from=${DAYS.from}&to=${DAYS.to}&tz=UTC`

/** Opens a page for somebody who may do everything. It is closed after the test, and nothing may go wrong in it. */
async function person(path: string, token: string | null = TOKENS.ops, look = WIDE): Promise<Person> {
  const made = await newPerson(stage, look, token ?? undefined)
  onTestFinished(async () => {
    await made.context.close()
    expect(made.faults).toEqual([])
  })
  await made.page.goto(path)
  return made
}

function countsBy<T>(of: (request: { key: string; atMs: number }) => T): Map<T, number> {
  const counts = new Map<T, number>()
  for (const request of stage.log.requests) counts.set(of(request), (counts.get(of(request)) ?? 0) + 1)
  return counts
}

const grouped = (n: number) => n.toLocaleString('en-US')

/** The largest first, as a list is. */
function largest(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, m], [b, n]) => n - m || Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

const shownRows = (page: Page) =>
  page
    .locator('.ranking tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.querySelector('a')?.title ?? '',
        row.querySelector('td.number .figure')?.textContent ?? '',
      ]),
    )

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 50 })

describe('somebody who comes', () => {
  test('[S1] signs in with a token, once, and out again', async () => {
    const { page, context } = await person('/', null)
    await page.getByLabel('Token').fill('sd_no-such-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This Worker does not know that token.').waitFor()
    await page.getByLabel('Token').fill(TOKENS.ops)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'All keys' }).waitFor()
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await context.cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict', value: TOKENS.ops }])
    await page.reload()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to Sumdial' }).waitFor()
    expect(await context.cookies()).toEqual([])
  })

  test('[S2] with a token for a prefix sees that prefix, and nothing else', async () => {
    const { page } = await person('/', TOKENS.acme)
    await until(async () =>
      expect(await shownRows(page)).toEqual([
        ['site/acme/home', expect.stringContaining('1,234,567,890')],
        ['site/acme/pricing', '5'],
      ]),
    )
    await page.getByRole('link', { name: 'Tree' }).click()
    await until(async () =>
      expect((await shownRows(page)).map(([name]) => name)).toEqual(['site/acme/home', 'site/acme/pricing']),
    )
    await page.getByRole('link', { name: 'Health' }).click()
    await page.getByText('Sign in with a token without a prefix').waitFor()
    expect(await page.textContent('body')).not.toContain('site/other')
  })
})

describe('the busiest keys', () => {
  test('are those of the log, with its figures', async () => {
    const { page } = await person(`/?${THEN}`)
    const expected = largest(countsBy(({ key }) => key)).slice(0, 10)
    await until(async () =>
      expect(await shownRows(page)).toEqual(expected.map(([key, count]) => [key, grouped(count)])),
    )
    expect(await page.locator('.stats .figure').first().textContent()).toBe(
      grouped(stage.log.requests.length),
    )
    expect(await page.locator('.spark canvas').count()).toBe(10)
  })

  test('are searched by what is in them, under an address that shows the same elsewhere', async () => {
    const { page, context } = await person(`/?${THEN}`)
    await page.getByLabel('Keys that contain').fill('ts/')
    await until(async () => expect(page.url()).toContain('contains=ts/'))
    // Typed on after a pause, so the box must still have the focus.
    await page.keyboard.type('blog/')
    const blog = largest(countsBy(({ key }) => key)).filter(([key]) => key.includes('ts/blog/'))
    const expected = blog.slice(0, 10).map(([key, count]) => [key, grouped(count)])
    expect(expected).not.toEqual([])
    await until(async () => expect(await shownRows(page)).toEqual(expected))
    await until(async () => expect(page.url()).toContain('contains=ts/blog/'))
    const other = await context.newPage()
    await other.goto(page.url())
    await until(async () => expect(await shownRows(other)).toEqual(expected))
  })

  test('large numbers are shortened, and exact on hover', async () => {
    const { page } = await person('/?prefix=site/')
    const figure = page.locator('.ranking .figure[title="1,234,567,890"]')
    await figure.waitFor()
    expect(await figure.locator('[aria-hidden]').textContent()).toBe('1.23B')
  })
})

describe('a chart', () => {
  test('reads out exact figures by the pointer and by the keyboard', async () => {
    const [[key = ''] = []] = largest(countsBy((request) => request.key))
    const { page } = await person(`/chart?key=${encodeURIComponent(key)}&${THEN}&bucket=hour`)
    const hours = countsBy((request) => (request.key === key ? Math.floor(request.atMs / 3_600_000) : 0))
    const slider = page.getByRole('slider')
    await slider.focus()
    await page.keyboard.press('Home')
    const first = Date.parse(`${DAYS.from}T00:00:00Z`) / 3_600_000
    for (let i = 0; i < 14; i++) {
      expect(await slider.getAttribute('aria-valuetext')).toMatch(
        new RegExp(`, ${String(i).padStart(2, '0')}:00: ${grouped(hours.get(first + i) ?? 0)}, before 0$`),
      )
      await page.keyboard.press('ArrowRight')
    }
    await page.locator('.u-over').hover({ position: { x: 400, y: 100 } })
    const when = await page.locator('.readout .when').textContent()
    const at = Date.parse(`${when?.replace(/^\w+ /, '').replace(',', ' 2015')} UTC`) / 3_600_000
    expect(await page.locator('.readout strong').textContent()).toBe(grouped(hours.get(at) ?? 0))
  })

  test('is by days of any zone, says where a zone splits hours, and goes back and forth', async () => {
    const [[key = ''] = []] = largest(countsBy((request) => request.key))
    const { page } = await person(`/?${THEN}`)
    await page.getByRole('link', { name: key, exact: true }).first().click()
    await page.getByRole('button', { name: 'Days', exact: true }).click()
    await page.getByLabel('Time zone').selectOption('Australia/Adelaide')
    await page.getByText('splits hours').waitFor()
    expect(page.url()).toContain('bucket=day')
    await page.getByRole('button', { name: 'Show as a table' }).click()
    const offset = 9.5 * 3_600_000
    const days = countsBy((request) => {
      const hourMs = Math.floor(request.atMs / 3_600_000) * 3_600_000
      return request.key === key ? new Date(hourMs + offset).toISOString().slice(0, 10) : ''
    })
    const shown = await page.locator('.figures tbody tr').allTextContents()
    for (const [day, count] of days) {
      if (day >= DAYS.from && day <= DAYS.to)
        expect(shown.join('\n')).toMatch(new RegExp(`${Number(day.slice(8))} May 2015${grouped(count)}`))
    }
    await page.goBack()
    await page.goBack()
    await page.goBack()
    await until(async () => expect(await shownRows(page)).toHaveLength(10))
    await page.goForward()
    await page.getByRole('heading', { name: key }).waitFor()
  })

  test('compares up to five, and gives them as CSV to the last digit', async () => {
    const { page } = await person(`/?${THEN}`)
    const chosen = largest(countsBy(({ key }) => key)).slice(0, 3)
    for (const [key] of chosen)
      await page.getByRole('checkbox', { name: `Compare ${key}`, exact: true }).check()
    await page.getByRole('button', { name: 'Compare 3 keys' }).click()
    await page.getByLabel('Compare with a key').fill('requests/blog/')
    await page.keyboard.press('Enter')
    await until(async () => expect(await page.locator('.legend li').count()).toBe(4))
    await until(async () => expect(await page.locator('.legend .figure').count()).toBe(4))
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download CSV' }).click()
    const lines = readFileSync(await (await downloading).path(), 'utf8')
      .trim()
      .split('\r\n')
    const sumOf = (column: number) =>
      lines.slice(1).reduce((sum, line) => sum + Number(line.split(',')[column]), 0)
    expect(chosen.map((_, i) => sumOf(1 + 2 * i))).toEqual(chosen.map(([, count]) => count))
    const blog = stage.log.requests.filter(({ key }) => key.startsWith('requests/blog/')).length
    expect(sumOf(7)).toBe(blog)
  })

  test('moves while one looks, and asks Postgres only when a flush has come', async () => {
    const { page } = await person('/chart?key=live/a')
    const sum = page.locator('.stats .figure').first()
    await until(async () => expect(await sum.textContent()).toBe('0'))
    await page.getByText('live/a was never counted').waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).search))
    // Nothing is counted, so nothing is flushed: the shards are asked, and nobody else.
    await until(async () => expect(asked.length).toBeGreaterThan(1))
    expect(asked.filter((search) => !search.includes('consistency=unsettled'))).toEqual([])
    await stage.count([{ key: 'live/a', value: 3 }])
    await until(async () => expect(await sum.textContent()).toBe('3'))
    expect(await page.getByText('was never counted').count()).toBe(0)
    expect(await page.evaluate('performance.getEntriesByType("navigation").length')).toBe(1)
  })
})

test('the running hour is shown as so far, in the chart, the table and to a screen reader', async () => {
  const { page } = await person('/chart?key=site/acme/home&key=site/other&table=1')
  await page.getByText('Ring: this hour so far').waitFor()
  await page.getByText('Each point is an hour').waitFor()
  const slider = page.getByRole('slider')
  await slider.focus()
  expect(await slider.getAttribute('aria-valuetext')).toMatch(
    /:00, so far: site\/acme\/home [\d,]+, before 0, site\/other \d+, before 0$/,
  )
  expect(await page.locator('.figures tbody tr').last().textContent()).toContain('so far')
  await page.screenshot({ path: join(SCREENSHOTS, 'so-far-compare.png'), fullPage: true })
  await page.goto('/?prefix=site/')
  await page.getByText('Hatched: this hour so far').waitFor()
  await page.getByText('Each bar is an hour').waitFor()
  await page.locator('.spark canvas').first().waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'so-far-busiest.png'), fullPage: true })
})

describe('12 months and all time', () => {
  const everything = () => largest(countsBy(({ key }) => key))

  test('are months, which is said, with a mark at each month and its year', async () => {
    const { page } = await person('/chart?key=site/other&range=12mo')
    await page.getByText('Each bar is a month').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, '12-months.png'), fullPage: true })
    await page.getByRole('button', { name: 'Weeks', exact: true }).click()
    await page.getByText('Each bar is a week').waitFor()
  })

  test('are a click away on every view, under addresses that show the same elsewhere', async () => {
    const { page, context } = await person('/?prefix=requests/&tz=UTC')
    await page.getByText('No key begins with that').waitFor()
    await page.getByRole('button', { name: 'All', exact: true }).click()
    const expected = everything().slice(0, 10)
    const busiest = expected.map(([key, count]) => [key, grouped(count)])
    await until(async () => expect(await shownRows(page)).toEqual(busiest))
    expect(new URL(page.url()).search).toBe('?prefix=requests/&range=all&tz=UTC')
    const other = await context.newPage()
    await other.goto(page.url())
    await until(async () => expect(await shownRows(other)).toEqual(busiest))
    await page.screenshot({ path: join(SCREENSHOTS, 'all-time-busiest.png'), fullPage: true })
    const [key = '', count = 0] = expected[0] ?? []
    await page.getByRole('link', { name: key, exact: true }).first().click()
    await page.getByText('Each bar is a month').waitFor()
    await until(async () =>
      expect(await page.locator('.stats .figure').first().textContent()).toBe(grouped(count)),
    )
    await page.getByRole('link', { name: 'Tree' }).click()
    await until(async () =>
      expect((await shownRows(page)).find(([name]) => name === 'requests')?.[1]).toBe(
        grouped(stage.log.requests.length),
      ),
    )
    await page.getByRole('button', { name: '12 mo', exact: true }).click()
    await until(async () => expect((await shownRows(page)).map(([name]) => name)).not.toContain('requests'))
    await page.goto('/chart?key=split/a&label=plan&range=all')
    await page.locator('.parts').getByText('11,941').waitFor()
  })

  test('compare keys that began at other times in one chart, each with its own sum', async () => {
    const [[key = '', count = 0] = []] = everything()
    const { page } = await person(
      `/chart?prefix=site/&key=${encodeURIComponent(key)}&range=all&table=1&tz=UTC`,
    )
    const months = page.locator('.figures tbody tr')
    await until(async () =>
      expect(await months.first().textContent()).toBe(`May 20150${grouped(count)}${grouped(count)}`),
    )
    expect(await months.last().textContent()).toContain('so far1,234,567,9020')
  })

  test('that Postgres does not add up in time say so in the words of the API, and are not asked for again by themselves', async () => {
    const { page } = await person('/')
    await useFastClock(page)
    const detail = 'Postgres takes too long for this. Ask for fewer hours or a longer `prefix`.'
    await page.route(/\/keys\?/, (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          type: 'urn:sumdial:problem:too-slow',
          title: 'Too slow',
          status: 503,
          detail,
        }),
      }),
    )
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    for (const path of ['/?range=all', '/tree?range=all']) {
      await page.goto(path)
      await until(async () => {
        await pass(page, 1_000)
        expect(await page.getByRole('alert').textContent()).toContain(detail)
      })
      await pass(page, 40_000)
    }
    expect(asked.filter((path) => path === '/keys')).toHaveLength(2)
    await page.unroute(/\/keys\?/)
    await page.getByRole('button', { name: 'Try again' }).click()
    await until(async () => {
      await pass(page, 1_000)
      expect((await shownRows(page)).length).toBeGreaterThan(2)
    })
  })
})

describe('the time before', () => {
  const changes = (page: Page) =>
    page
      .locator('.ranking tbody tr')
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.querySelector('th')?.textContent,
          row.querySelector('.changes')?.textContent,
          row.querySelector('.change')?.getAttribute('title'),
        ]),
      )
  const told = (n: number) => `${n} in the 24 hours before`

  test('is beside each key and all of them, until somebody does without it, which is in the address', async () => {
    const { page } = await person('/?prefix=beside/')
    await until(async () =>
      expect(await changes(page)).toEqual([
        ['beside/a/x', '+25.0%', told(120)],
        ['beside/b', '+30', told(0)],
        ['beside/c/y', '−75.0%', told(40)],
        ['beside/c', '+25.0%', told(4)],
      ]),
    )
    expect(await page.locator('.stats .change').textContent()).toBe('+18.9%')
    await page.getByText('Line: the 24 hours before').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'before-busiest.png'), fullPage: true })
    await page.getByRole('button', { name: 'Before', exact: true }).click()
    await until(async () => expect(await page.locator('.change').count()).toBe(0))
    expect(page.url()).toContain('/?prefix=beside/&compare=none')
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await until(async () => expect(await page.getByRole('button', { name: 'Before' }).count()).toBe(0))
  })

  test('is a line and figures in a chart, which the keyboard reads out, and a column of its table', async () => {
    const { page } = await person('/chart?key=beside/a/x&range=7d&bucket=day&table=1&tz=UTC')
    await page.getByText('Line: the 7 days before').waitFor()
    expect(await page.locator('.stats .change').textContent()).toBe('+270')
    await page.goto('/chart?key=beside/a/x&table=1')
    await until(async () => expect(await page.locator('.stats .change').textContent()).toBe('+25.0%'))
    const slider = page.getByRole('slider')
    await slider.focus()
    await page.keyboard.press('End')
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/so far: 150, before 0$/)
    const before = await page.locator('.figures tbody tr td:nth-child(3)').allTextContents()
    expect(before.filter((words) => words !== '0')).toEqual(['120'])
    await page.locator('.u-over').hover({ position: { x: 100, y: 100 } })
    await page.screenshot({ path: join(SCREENSHOTS, 'before-chart.png'), fullPage: true })
    await page.goto('/chart?key=beside/a/x&key=beside/c/y&prefix=beside/')
    await page.getByText('Thin lines: the 24 hours before').waitFor()
    expect(await page.locator('.legend .change').allTextContents()).toEqual(['+25.0%', '−75.0%', '+18.9%'])
    await page.screenshot({ path: join(SCREENSHOTS, 'before-compare.png'), fullPage: true })
  })

  test('is beside each value of a label, and beside each group and key of the tree', async () => {
    const { page } = await person('/chart?prefix=beside/&label=plan')
    await until(async () =>
      expect((await changes(page)).map(([name, change]) => [name, change])).toEqual([
        ['pro', '−70.0%'],
        ['0 other values', '0%'],
        ['no plan', '+158%'],
        ['overflow', '0%'],
      ]),
    )
    expect(await page.locator('.parts tfoot .change').textContent()).toBe('+18.9%')
    await page.screenshot({ path: join(SCREENSHOTS, 'before-labels.png'), fullPage: true })
    await page.goto('/tree?prefix=beside/')
    await until(async () =>
      expect(await changes(page)).toEqual([
        ['a/', '+25.0%', told(120)],
        ['b', '+30', told(0)],
        ['c/', '−65.9%', told(44)],
      ]),
    )
    await page.screenshot({ path: join(SCREENSHOTS, 'before-tree.png'), fullPage: true })
    await page.getByRole('link', { name: 'c/', exact: true }).click()
    await until(async () =>
      expect((await changes(page)).map(([name, change]) => [name, change])).toEqual([
        ['beside/c the key itself', '+25.0%'],
        ['y', '−75.0%'],
      ]),
    )
  })
})

test('[D1] days whose hours were deleted are named where an edge cuts them, in the chart and in the tree', async () => {
  await stage.sql(`with days as (insert into sumdial.days (key, day, sum, count, min, max)
    select key, '2016-03-01', 9, 4, 1, 5 from unnest(array['kept/a', 'kept/b']) as key returning 1)
    insert into sumdial.rollups (day, state) select '2016-03-01', 'gone' from days limit 1`)
  onTestFinished(() => stage.sql("delete from sumdial.rollups where day = '2016-03-01'"))
  const cut = 'from=2016-03-01&to=2016-03-02&tz=Europe/Berlin'
  const { page } = await person(`/chart?key=kept/a&${cut}`)
  const note = page.getByText(/The hours of Tue,? 1 Mar 2016 were deleted and their days kept\./)
  await note.waitFor()
  expect(await page.locator('.stats .figure').first().textContent()).toBe('9')
  await page.screenshot({ path: join(SCREENSHOTS, 'coarse-chart.png'), fullPage: true })
  // The API's whole days have nothing to say.
  await page.goto('/chart?key=kept/a&from=2016-03-01&to=2016-03-02&tz=UTC&bucket=day')
  await until(async () => expect(await page.locator('.stats .figure').first().textContent()).toBe('9'))
  expect(await note.count()).toBe(0)
  await page.goto('/tree?prefix=kept/&from=2016-03-01&to=2016-03-01&tz=Europe/Berlin')
  await note.waitFor()
  expect((await shownRows(page)).map(([, sum]) => sum)).toEqual(['9', '9'])
  // There the day begins before the range, so it counts nowhere in it.
  await page.goto('/tree?prefix=kept/&from=2016-03-01&to=2016-03-01&tz=America/New_York')
  await page.getByText('Nothing was counted here').waitFor()
  await note.waitFor()
})

test('keys that differ in blanks alone are told apart, and one with U+202E turns nothing round', async () => {
  const keys = ['odd/a b', 'odd/a  b', 'odd/a b ', 'odd/\u202edlrow', 'odd/\u05e9\u05dc\u05d5\u05dd']
  await stage.count(keys.map((key) => ({ key, value: 1 })))
  await flushed('odd/', keys.length)
  const shown = ['odd/a b', 'odd/a␣␣b', 'odd/a b␣', 'odd/⟨U+202E⟩dlrow', 'odd/\u05e9\u05dc\u05d5\u05dd']
  const { page } = await person('/?prefix=odd/')
  const names = page.locator('.ranking tbody th bdi')
  await until(async () => expect((await names.allTextContents()).toSorted()).toEqual(shown.toSorted()))
  const direction = "getComputedStyle(document.querySelector('.ranking tbody th bdi')).unicodeBidi"
  expect(await page.evaluate(direction)).toBe('isolate')
  await page.getByRole('link', { name: 'odd/a␣␣b' }).click()
  await page.getByRole('heading', { name: 'odd/a␣␣b' }).waitFor()
  await until(async () => expect(await page.locator('.stats .figure').first().textContent()).toBe('1'))
})

test('a mistyped key was never counted, and keys with a name like it are a click away', async () => {
  const { page } = await person('/chart?key=site/acme/hmoe')
  await page.getByText('site/acme/hmoe was never counted. Keys with a name like it').waitFor()
  await page.getByRole('link', { name: 'site/acme/home' }).click()
  await page.getByRole('heading', { name: 'site/acme/home' }).waitFor()
  expect(await page.getByText('was never counted').count()).toBe(0)
  // Counted once, and not in these days.
  await page.goto(`/chart?key=site/acme/home&${THEN}`)
  await until(async () => expect(await page.locator('.stats .figure').first().textContent()).toBe('0'))
  expect(await page.getByText('was never counted').count()).toBe(0)
})

test('the busiest keys have pages, under addresses that show the same elsewhere, and a CSV of all', async () => {
  await stage.count(Array.from({ length: 25 }, (_, i) => ({ key: `many/${i}`, value: i + 1 })))
  await flushed('many/', 25)
  const { page, context } = await person('/?prefix=many/')
  const rows = (from: number, to: number) =>
    Array.from({ length: from - to + 1 }, (_, i) => [`many/${from - i - 1}`, `${from - i}`])
  const next = page.getByRole('link', { name: 'Next 10' })
  const previous = page.getByRole('link', { name: 'Previous 10' })
  await until(async () => expect(await shownRows(page)).toEqual(rows(25, 16)))
  expect(await previous.count()).toBe(0)
  await next.click()
  await until(async () => expect(await shownRows(page)).toEqual(rows(15, 6)))
  await next.click()
  await until(async () => expect(await shownRows(page)).toEqual(rows(5, 1)))
  expect(await next.count()).toBe(0)
  const other = await context.newPage()
  await other.goto(page.url())
  await until(async () => expect(await shownRows(other)).toEqual(rows(5, 1)))
  expect(await axeFaults(other)).toEqual([])
  // Another measure is another list, which begins at its first page.
  await other.getByRole('button', { name: 'Count', exact: true }).click()
  await until(async () => expect(await shownRows(other)).toHaveLength(10))
  await other.goto('/?prefix=many/&page=9')
  await other.getByRole('link', { name: 'Its first page' }).click()
  await until(async () => expect(await shownRows(other)).toEqual(rows(25, 16)))
  await previous.click()
  await until(async () => expect(await shownRows(page)).toEqual(rows(15, 6)))
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download CSV of all' }).click()
  const text = readFileSync(await (await downloading).path(), 'utf8')
  expect(text.split('\r\n').slice(0, 3)).toEqual(['\uFEFFkey,sum,count', 'many/24,25,1', 'many/23,24,1'])
  expect(text.trim().split('\r\n')).toHaveLength(26)
  await page.getByText('25 rows, as Postgres has them').waitFor()
})

test('a level of the tree has pages, and a CSV of all its groups', async () => {
  await stage.count(Array.from({ length: 103 }, (_, i) => ({ key: `wide/${i}/a`, value: i + 1 })))
  await flushed('wide/&limit=200', 103)
  const { page } = await person('/tree?prefix=wide/')
  await until(async () => expect(await shownRows(page)).toHaveLength(100))
  await page.getByRole('link', { name: 'Next 100' }).click()
  await until(async () =>
    expect((await shownRows(page)).map(([name]) => name)).toEqual(['wide/2', 'wide/1', 'wide/0']),
  )
  expect(await page.getByRole('link', { name: 'Next 100' }).count()).toBe(0)
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download CSV of all' }).click()
  const [, ...lines] = readFileSync(await (await downloading).path(), 'utf8')
    .trim()
    .split('\r\n')
  expect(lines).toHaveLength(103)
  expect(lines[0]).toBe('wide/102,1,103,1,103,103')
})

test('[L2] Health names a key that came with too many sets of labels', async () => {
  const labelled = (i: number) => ({ key: 'crowded/a', value: 1, labels: { id: `${i}` } })
  await stage.count(Array.from({ length: 1_001 }, (_, i) => labelled(i)))
  const { page } = await person('/shards')
  const section = page.getByRole('region', { name: 'Too many labels' })
  await section.getByText('crowded/a', { exact: true }).waitFor()
  expect(await section.getByRole('listitem').count()).toBe(1)
})

test('[S2] a token that may not see a key is told so, and not that the page reconnects', async () => {
  const { page } = await person('/chart?key=site/other', TOKENS.acme)
  await page.getByText('Not for this token').waitFor()
  await page.getByText('This token may not see that').waitFor()
  expect(await page.getByText('Reconnecting').count()).toBe(0)
})

describe('labels', () => {
  const parts = (page: Page) =>
    page
      .locator('.parts tr:has(td)')
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.querySelector('th')?.textContent,
          row.querySelector('.figure [aria-hidden] + .unseen, .figure:not(:has(*))')?.textContent,
        ]),
      )
  const sumOf = (plans: typeof PLANS) => grouped(plans.reduce((sum, [, value]) => sum + value, 0))
  const shownOf = (plans: typeof PLANS) => plans.map(([plan, value]) => [plan, grouped(value)])

  test('[L1] break a key down: groups, others, what has none and overflow add up to the total, in the CSV too', async () => {
    const { page } = await person('/chart?key=split/a')
    await page.getByLabel('By label').selectOption('plan')
    await until(async () =>
      expect(await parts(page)).toEqual([
        ...shownOf(PLANS.slice(0, 10)),
        ['2 other values', sumOf(PLANS.slice(10))],
        ['no plan', '7'],
        ['overflow', '0'],
        ['Total', grouped(11_934 + 7)],
      ]),
    )
    expect(page.url()).toContain('/chart?key=split/a&label=plan')
    const slider = page.getByRole('slider')
    await slider.focus()
    await page.keyboard.press('End')
    expect(await slider.getAttribute('aria-valuetext')).toMatch(
      /: 11,941, before 0, plan-0 1,000, .*plan-9 991, 2 other values 1,979, no plan 7$/,
    )
    await page.getByRole('button', { name: 'Show as a table' }).click()
    expect(await page.locator('.figures tbody tr').last().textContent()).toMatch(
      /so far1,000.*1,9797011,941$/,
    )
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download CSV' }).click()
    const [head, ...lines] = readFileSync(await (await downloading).path(), 'utf8')
      .trim()
      .split('\r\n')
    expect(head).toBe('key,plan,row,period,start,sum,count,min,max')
    const rows = lines.map((line) => line.split(',')).filter((row) => row[3] === 'current')
    const inCsv = (isOf: (row: string) => boolean) =>
      rows.filter(([, , row = '']) => isOf(row)).reduce((sum, row) => sum + Number(row[5]), 0)
    expect([inCsv((row) => row !== 'total'), inCsv((row) => row === 'total')]).toEqual([11_941, 11_941])
    const last = rows.findLast(([, plan]) => plan === 'plan-3')
    expect(last?.slice(5)).toEqual(['997', '1', '997', '997'])
  })

  test('broken down, a key moves while one looks, and Postgres is asked only when a flush has come', async () => {
    await stage.count([{ key: 'split/live', value: 2, labels: { plan: 'pro' } }])
    await flushed('split/live', 1)
    const { page } = await person('/chart?key=split/live&label=plan')
    await until(async () => expect((await parts(page))[0]).toEqual(['pro', '2']))
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).search))
    await until(async () => expect(asked.length).toBeGreaterThan(1))
    expect(asked.filter((search) => !/consistency=unsettled&.*by=plan/.test(search))).toEqual([])
    await stage.count([{ key: 'split/live', value: 3, labels: { plan: 'pro' } }])
    await until(async () => expect((await parts(page))[0]).toEqual(['pro', '5']))
    expect((await parts(page)).at(-1)).toEqual(['Total', '5'])
  })

  test('filter together, under an address that shows the same elsewhere, also for a prefix', async () => {
    const { page, context } = await person('/chart?prefix=split/&label=plan')
    await page.getByLabel('Add a filter').selectOption({ label: 'region: eu' })
    const inEu = PLANS.filter((_, i) => i % 2 === 0)
    const rest = [
      ['0 other values', '0'],
      ['no plan', '0'],
      ['overflow', '0'],
    ]
    await until(async () =>
      expect(await parts(page)).toEqual([...shownOf(inEu), ...rest, ['Total', sumOf(inEu)]]),
    )
    await page.locator('.parts').getByRole('link', { name: 'plan-2', exact: true }).click()
    await until(async () => expect(await parts(page)).toHaveLength(5))
    await page.getByLabel('Add a filter').selectOption({ label: 'plan: plan-4' })
    const chosen = [PLANS[2], PLANS[4]].flatMap((plan) => (plan === undefined ? [] : [plan]))
    const expected = [...shownOf(chosen), ...rest, ['Total', '1,994']]
    await until(async () => expect(await parts(page)).toEqual(expected))
    expect(await page.locator('.filters li .name').allTextContents()).toEqual([
      'plan: plan-2',
      'or plan: plan-4',
      'region: eu',
    ])
    const other = await context.newPage()
    await other.goto(page.url())
    await until(async () => expect(await parts(other)).toEqual(expected))
    await other.getByLabel('By label').selectOption('none')
    await until(async () => expect(await other.locator('.stats .figure').first().textContent()).toBe('1,994'))
    await other.getByRole('button', { name: 'Remove the filter plan: plan-2' }).click()
    await until(async () => expect(await other.locator('.stats .figure').first().textContent()).toBe('996'))
  })

  test('[L2] that are too many are shown as overflow, and move with the next flush', async () => {
    const item = (i: number) => ({ key: 'crowd/a', value: 1, labels: { user: `u${i}` } })
    await stage.count(Array.from({ length: 600 }, (_, i) => item(i)))
    const { page } = await person('/chart?key=crowd/a&label=user')
    await until(async () =>
      expect((await parts(page)).slice(-2)).toEqual([
        ['overflow', '0'],
        ['Total', '600'],
      ]),
    )
    await stage.count(Array.from({ length: 600 }, (_, i) => item(600 + i)))
    await until(async () =>
      expect((await parts(page)).slice(-4)).toEqual([
        ['990 other values', '990'],
        ['no user', '0'],
        ['overflow', '200'],
        ['Total', '1,200'],
      ]),
    )
  })

  test('are not spoken of where there are none', async () => {
    const { page } = await person('/')
    const listed = page.waitForResponse(/\/labels\?/)
    await page.goto('/chart?key=site/other')
    expect(await (await listed).json()).toMatchObject({ labels: [] })
    await page.locator('.plot canvas').waitFor()
    expect(await page.getByRole('combobox').count()).toBe(2)
    expect(await page.getByText(/label|filter/i).count()).toBe(0)
  })
})

describe('dates', () => {
  test.each(Object.entries({ wide: WIDE, phone: LOOKS['phone'] ?? WIDE }))(
    'have fields one can read, and close on Escape and by a click elsewhere: %s',
    async (name, look) => {
      const { page } = await person('/chart?key=site/other', TOKENS.ops, look)
      await page.locator('.plot canvas').waitFor()
      const dates = page.getByText('Dates', { exact: true })
      const from = page.getByLabel('From')
      await dates.click()
      expect((await from.boundingBox())?.width).toBeGreaterThan(200)
      expect(await axeFaults(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      await page.screenshot({ path: join(SCREENSHOTS, `dates-${name}.png`) })
      await page.keyboard.press('Escape')
      await from.waitFor({ state: 'hidden' })
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Dates')
      await dates.click()
      await from.waitFor()
      await page.getByRole('heading', { name: 'site/other' }).click()
      await from.waitFor({ state: 'hidden' })
    },
  )

  test('offer today, yesterday, this month and last month by the clocks of the zone', async () => {
    const { page } = await person('/chart?key=site/other&tz=Pacific/Kiritimati')
    await page.getByText('Dates', { exact: true }).click()
    await page.getByRole('button', { name: 'Today' }).click()
    await until(async () => expect(page.url()).toContain('range=today'))
    await until(async () => expect(await page.locator('.stats .figure').first().textContent()).toBe('7'))
    await page.getByText('Live', { exact: true }).waitFor()
    await page.locator('summary').click()
    await page.getByRole('button', { name: 'Last month' }).click()
    await until(async () => expect(page.url()).toContain('range=last-month'))
    expect(await page.locator('summary').textContent()).toBe('Last month')
    await until(async () => expect(await page.getByText('Live', { exact: true }).count()).toBe(0))
  })
})

test('what is shown is what was asked for last, however late an earlier look at the shards comes', async () => {
  await flushed('turn/', 1)
  const { page } = await person('/chart?key=turn/a')
  const sum = page.locator('.stats .figure').first()
  await until(async () => expect(await sum.textContent()).toBe('1'))
  const [isHeld, hold] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await page.route(
    /consistency=unsettled/,
    async (route) => {
      isHeld.resolve()
      await hold.promise
      await route.continue()
    },
    { times: 1 },
  )
  await isHeld.promise
  await page.getByRole('button', { name: '7 d' }).click()
  await until(async () => expect(await sum.textContent()).toBe('1,001'))
  hold.resolve()
  // The turn after it begins when its answer is in.
  await page.waitForRequest(/consistency=unsettled/)
  expect(await sum.textContent()).toBe('1,001')
})

test('the demo is visible in Postgres within seconds, all of it', async () => {
  const args = ['src/local/demo.ts', '--url', stage.dev.url, '--for', '2s', '--past', '2', '--rate', '40']
  const env = { ...process.env, SUMDIAL_TOKEN: TOKENS.ops }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  const [, sent, acknowledged, visible] =
    /^sent (\S+) {3}acknowledged (\S+) {3}visible in Postgres (\S+)$/m.exec(stdout) ?? []
  expect([acknowledged, visible]).toEqual([sent, sent])
  const { page } = await person('/?prefix=demo/')
  await until(async () => expect((await shownRows(page))[0]?.[0]).toBe('demo/shop.example/home'))
})

test('the tree is walked down by segments, whose sums are those of their keys', async () => {
  const { page } = await person(`/tree?${THEN}&prefix=requests/`)
  const segments = countsBy(({ key }) => key.split('/')[1] ?? '')
  await until(async () => {
    const shown = await shownRows(page)
    expect(new Map(shown.map(([key = '', sum]) => [key.slice('requests/'.length), sum]))).toEqual(
      new Map(
        largest(segments)
          .slice(0, 100)
          .map(([name, count]) => [name, grouped(count)]),
      ),
    )
  })
  await page.getByRole('link', { name: 'blog/', exact: true }).click()
  await page.getByRole('link', { name: 'tags/', exact: true }).click()
  const tags = largest(countsBy(({ key }) => key)).filter(([key]) =>
    /^requests\/blog\/tags\/[^/]+$/.test(key),
  )
  await until(async () => expect((await shownRows(page))[0]?.[0]).toBe(tags[0]?.[0]))
  expect(page.url()).toContain('prefix=requests/blog/tags/')
})

test('health shows what is parked, and lets an administrator decide', async () => {
  await stage.sql("alter table sumdial.counters add constraint not_bad check (key <> 'bad/key')")
  onTestFinished(() => stage.sql('alter table sumdial.counters drop constraint not_bad'))
  const { page } = await person('/shards')
  await page.getByText('All is well').waitFor()
  await page.getByRole('button', { name: 'Audit now' }).click()
  await page.getByText(/^Agrees: /).waitFor()
  await stage.count([{ key: 'bad/key', value: 3, labels: { plan: 'pro' } }])
  await page.locator('.verdict').getByText('1 increment is parked').waitFor()
  await page.getByRole('row', { name: /^bad\/key plan: pro / }).waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'parked-light.png'), fullPage: true })
  // Whichever view is open, the mark says that there is something to decide.
  const elsewhere = await person('/chart?key=site/other')
  await elsewhere.page.getByRole('link', { name: /^Health\s*1\s*increment is parked$/ }).waitFor()
  expect(await axeFaults(elsewhere.page)).toEqual([])
  await page.getByRole('button', { name: 'Discard…' }).click()
  await page.getByRole('button', { name: 'Discard for good' }).click()
  await page.getByText('bad/key: discarded.').waitFor()
  await page.getByText('All is well').waitFor()
  await page.getByRole('link', { name: 'Health', exact: true }).waitFor()
})

test('a page that lies open asks fewer than 300 times an hour although all moves, never unseen, and at once for a person', async () => {
  const { page } = await person('/chart?tz=UTC')
  await useFastClock(page)
  // Every answer shows more increments and another flush, so the page has all reason to ask.
  const answers = new Map<string, string>()
  let turn = 0
  await page.route(READS, async (route) => {
    const url = route.request().url()
    const before = answers.get(url) ?? (await (await route.fetch()).text())
    turn += 1
    const body = before
      .replace(/"asOf":"[^"]*"/g, `"asOf":"${turn}"`)
      .replace(/"count":\d+/g, `"count":${turn}`)
    answers.set(url, body)
    await route.fulfill({ contentType: 'application/json', body })
  })
  await page.goto('/?prefix=site/')
  await until(async () => {
    await pass(page, 1_000)
    expect(await shownRows(page)).toHaveLength(3)
  })
  const asked = await pass(page, 3_600_000)
  expect(asked).toBeGreaterThan(150)
  expect(asked).toBeLessThan(300)
  const look = (isLooking: boolean) =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: ${!isLooking}, configurable: true });` +
        "document.dispatchEvent(new Event('visibilitychange'))",
    )
  await look(false)
  expect(await pass(page, 3_600_000)).toBe(0)
  await look(true)
  expect(await pass(page, 1_000)).toBeGreaterThan(0)
  // In the minute after it somebody may be there; then again nobody is.
  await pass(page, 600_000)
  expect(await pass(page, 10_000)).toBe(0)
  // A browser says of the first that it moved by nothing.
  await page.mouse.move(200, 200)
  await page.mouse.move(210, 205)
  expect(await pass(page, 1_000)).toBeGreaterThan(0)
})

/** Whatever reads counts, over any of its addresses. */
const READS = /\/(counters|keys)\?/

test('a browser whose language is no language tag, as under LANG=C.UTF-8, shows the page all the same', async () => {
  const { page } = await person('/chart?tz=UTC')
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'language', { value: 'en-US@posix', configurable: true })
  })
  await page.goto(`/?${THEN}`)
  await until(async () => expect(await shownRows(page)).toHaveLength(10))
})

describe('when there is no answer', () => {
  test('it is said, tried again, and what was there stays', async () => {
    const { page } = await person(`/?${THEN}`)
    await until(async () => expect(await shownRows(page)).toHaveLength(10))
    await page.route(READS, (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          type: 'urn:sumdial:problem:unavailable',
          title: 'Unavailable',
          status: 503,
          detail: 'Postgres could not be asked.',
        }),
      }),
    )
    await page.getByRole('button', { name: 'Count' }).click()
    await page.getByRole('alert').getByText('Postgres could not be asked.').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'away-light.png'), fullPage: true })
    await page.unroute(READS)
    await page.getByRole('button', { name: 'Try again' }).click()
    await until(async () => expect(await page.getByRole('alert').count()).toBe(0))
  })

  test('it is said when an answer takes long, and when nothing was counted', async () => {
    const { page } = await person('/chart?tz=nonsense')
    await page.getByText('Nothing is chosen').waitFor()
    expect(await page.getByLabel('Time zone').inputValue()).toBe('UTC')
    const answer = Promise.withResolvers<void>()
    await page.route(READS, async (route) => {
      await answer.promise
      await route.continue()
    })
    await page.goto('/?prefix=nobody/')
    await page.getByText('Still waiting for an answer').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'slow-light.png'), fullPage: true })
    answer.resolve()
    await page.getByText('No key begins with that').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'empty-light.png'), fullPage: true })
  })
})

describe('every view', () => {
  const views = (): Record<string, readonly [path: string, seen: string]> => {
    const [first = '', second = ''] = largest(countsBy(({ key }) => key)).map(([key]) =>
      encodeURIComponent(key),
    )
    return {
      busiest: [`/?${THEN}`, '.ranking a'],
      chart: [`/chart?key=${first}&${THEN}`, '.plot canvas'],
      compare: [
        `/chart?key=${first}&key=${second}&prefix=requests/blog/&${THEN}&bucket=day&table=1`,
        '.plot canvas',
      ],
      tree: [`/tree?prefix=requests/&${THEN}`, '.tree a'],
      labels: ['/chart?key=split/a&label=plan&where=region:eu&where=region:us&table=1', '.parts'],
      health: ['/shards', '.verdict'],
    }
  }

  test.each(Object.entries(LOOKS))(
    'has nothing that axe-core finds wrong, and fits: %s',
    async (name, look) => {
      const signedOut = await person('/', null, look)
      await signedOut.page.getByLabel('Token').waitFor()
      expect(await axeFaults(signedOut.page)).toEqual([])
      await signedOut.page.screenshot({ path: join(SCREENSHOTS, `sign-in-${name}.png`) })
      const { page } = await person('/', TOKENS.ops, look)
      for (const [view, [path, seen]] of Object.entries(views())) {
        await page.goto(path)
        await page.locator(seen).first().waitFor()
        expect(await axeFaults(page), view).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), view).toBe(true)
        await page.screenshot({ path: join(SCREENSHOTS, `${view}-${name}.png`), fullPage: true })
      }
    },
  )
})
