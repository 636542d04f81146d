import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { countsBy, grouped, largest, person, shownRows, stage, until, useDashboard } from './dashboard.ts'
import { pass, useFastClock } from './fast-clock.ts'
import { SCREENSHOTS } from './stage.ts'

useDashboard()

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
    // The page of before may still send requests of its own.
    page.on('request', (request) => {
      if (page.url().includes('range=all')) asked.push(new URL(request.url()).pathname)
    })
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
