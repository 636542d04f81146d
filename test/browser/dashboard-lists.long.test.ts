import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
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
import { axeFaults, TOKENS } from './stage.ts'

useDashboard()

describe('the busiest keys', () => {
  test('large numbers are shortened, and exact on hover', async () => {
    const { page } = await person('/?prefix=site/')
    const figure = page.locator('.ranking .figure[title="1,234,567,890"]')
    await figure.waitFor()
    expect(await figure.locator('[aria-hidden]').textContent()).toBe('1.23B')
  })
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

test('the demo is visible in Postgres within seconds, all of it', async () => {
  const args = ['src/local/demo.ts', '--url', stage.url, '--for', '2s', '--past', '2', '--rate', '40']
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
