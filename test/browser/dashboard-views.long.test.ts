import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { countsBy, largest, person, READS, shownRows, stage, THEN, until, useDashboard } from './dashboard.ts'
import { pass, useFastClock } from './fast-clock.ts'
import { axeFaults, LOOKS, SCREENSHOTS, TOKENS } from './stage.ts'

useDashboard()

test('[L2] Health names a key that came with too many sets of labels', async () => {
  const labelled = (i: number) => ({ key: 'crowded/a', value: 1, labels: { id: `${i}` } })
  await stage.count(Array.from({ length: 1_001 }, (_, i) => labelled(i)))
  const { page } = await person('/shards')
  const section = page.getByRole('region', { name: 'Too many labels' })
  await section.getByText('crowded/a', { exact: true }).waitFor()
  expect(await section.getByRole('listitem').count()).toBe(1)
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
