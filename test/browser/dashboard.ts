import type { Page } from 'playwright-core'
import { expect, onTestFinished, vi } from 'vitest'
import { startForAll } from '../support/at-end.ts'
import { untilHourLasts } from '../support/hour-to-go.ts'
import { DAYS } from './log.ts'
import { type Look, newPerson, type Person, type Stage, startStage, TOKENS, WIDE } from './stage.ts'

/** Of the test file that called `useDashboard`. */
export let stage: Stage

/** Longer than a file takes, also on a busy machine. Its tests go by the hour in which the keys of now were counted. */
const FILE_MS_MAX = 150_000

const START_MS_MAX = 120_000

/** Starts a stage before the tests of a file, with an imported log and some keys of now, and ends it after them. */
export function useDashboard(): void {
  startForAll(async (atEnd) => {
    stage = await startStage(atEnd)
    await untilHourLasts(FILE_MS_MAX)
    await stage.count(countedNow())
    await flushed('site/', 3)
    await flushed('split/', 1)
    await flushed('beside/', 4)
  }, START_MS_MAX + FILE_MS_MAX)
}

function countedNow(): object[] {
  const now = new Date().toISOString()
  return [
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
  ]
}

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()

/** Calls by plan, the largest first: more plans than a breakdown shows. Every other plan is in the region `eu`. */
export const PLANS = Array.from({ length: 12 }, (_, i) => [`plan-${i}`, 1_000 - i] as const)

/** Until Postgres has so many keys under a prefix. */
export async function flushed(prefix: string, keys: number): Promise<void> {
  const headers = { authorization: `Bearer ${TOKENS.ops}` }
  await vi.waitFor(
    async () => {
      const response = await fetch(`${stage.url}/keys?prefix=${prefix}`, { headers })
      expect(((await response.json()) as { items: object[] }).items).toHaveLength(keys)
    },
    { timeout: 30_000, interval: 100 },
  )
}

/** In the days of the log, and in the clocks that it was written by. */
export const THEN = `from=${DAYS.from}&to=${DAYS.to}&tz=UTC`

/** Whatever reads counts, over any of its addresses. */
export const READS = /\/(counters|keys)\?/

/** Opens a page for somebody who may do everything. It is closed after the test, and nothing may go wrong in it. */
export async function person(
  path: string,
  token: string | null = TOKENS.ops,
  look: Look = WIDE,
): Promise<Person> {
  const made = await newPerson(stage, look, token ?? undefined)
  onTestFinished(async () => {
    await made.context.close()
    expect(made.faults).toEqual([])
  })
  await made.page.goto(path)
  return made
}

/** How many requests of the log there are of each kind. */
export function countsBy<T>(of: (request: { key: string; atMs: number }) => T): Map<T, number> {
  const counts = new Map<T, number>()
  for (const request of stage.log.requests) counts.set(of(request), (counts.get(of(request)) ?? 0) + 1)
  return counts
}

export const grouped = (n: number) => n.toLocaleString('en-US')

/** The largest first, as a list is. */
export function largest(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, m], [b, n]) => n - m || Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** The keys of a list, each with its figure. */
export const shownRows = (page: Page) =>
  page
    .locator('.ranking tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.querySelector('a')?.title ?? '',
        row.querySelector('td.number .figure')?.textContent ?? '',
      ]),
    )

/** The rows of a breakdown, each with its figure. */
export const parts = (page: Page) =>
  page
    .locator('.parts tr:has(td)')
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.querySelector('th')?.textContent,
        row.querySelector('.figure [aria-hidden] + .unseen, .figure:not(:has(*))')?.textContent,
      ]),
    )

export const sumOf = (plans: typeof PLANS) => grouped(plans.reduce((sum, [, value]) => sum + value, 0))

export const shownOf = (plans: typeof PLANS) => plans.map(([plan, value]) => [plan, grouped(value)])

export const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 50 })
