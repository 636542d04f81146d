import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { must } from '../../src/model/assert.ts'
import {
  countsBy,
  grouped,
  largest,
  PLANS,
  parts,
  person,
  shownOf,
  shownRows,
  stage,
  sumOf,
  THEN,
  until,
  useDashboard,
} from './dashboard.ts'
import { DAYS } from './log.ts'
import { axeFaults, LOOKS, TOKENS } from './stage.ts'

/** The journeys whose failure most people would notice first. The others are in the files called dashboard-*.long.test.ts. */
useDashboard()

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

test('[S2] a token that may not see a key is told so, and not that the page reconnects', async () => {
  const { page } = await person('/chart?key=site/other', TOKENS.acme)
  await page.getByText('Not for this token').waitFor()
  await page.getByText('This token may not see that').waitFor()
  expect(await page.getByText('Reconnecting').count()).toBe(0)
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

describe('labels', () => {
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
})

test('the view with the most in it has nothing that axe-core finds wrong, and fits a phone in the dark', async () => {
  // The narrowest and the darkest look. The other looks, and all other views, are in dashboard-views.long.test.ts.
  const look = must(LOOKS['phone-dark'], 'the look')
  const everything = '/chart?key=split/a&label=plan&where=region:eu&where=region:us&table=1'
  const { page } = await person(everything, TOKENS.ops, look)
  await page.locator('.parts').first().waitFor()
  expect(await axeFaults(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
})
