import { describe, expect, test } from 'vitest'
import { flushed, PLANS, parts, person, shownOf, stage, sumOf, until, useDashboard } from './dashboard.ts'

useDashboard()

describe('labels', () => {
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
