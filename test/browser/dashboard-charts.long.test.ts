import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  countsBy,
  flushed,
  grouped,
  largest,
  person,
  shownRows,
  stage,
  THEN,
  until,
  useDashboard,
} from './dashboard.ts'
import { DAYS } from './log.ts'
import { axeFaults, LOOKS, SCREENSHOTS, TOKENS, WIDE } from './stage.ts'

useDashboard()

describe('a chart', () => {
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
