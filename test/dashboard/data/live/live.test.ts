import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ShardStatus } from '../../../../src/dashboard/data/answers.ts'
import { onceSeen } from '../../../../src/dashboard/data/live/paced.ts'
import { isPast, mayReread, mayWake, REREAD_MS_MIN } from '../../../../src/dashboard/data/live/reread.ts'
import { auditWords, daysWords } from '../../../../src/dashboard/parts/health/audit-words.ts'
import type { StatusAnswer } from '../../../../src/edge/operate/status.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A page that is looked at or not. */
function watched() {
  const page = Object.assign(new EventTarget(), { hidden: false })
  const look = (isLooking: boolean) => {
    page.hidden = !isLooking
    page.dispatchEvent(new Event('visibilitychange'))
  }
  return { page, look }
}

test('what failed is tried again once, when its time has come and somebody looks', async () => {
  const { page, look } = watched()
  const work = vi.fn()
  onceSeen(10_000, work, page)
  look(false)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(work).not.toHaveBeenCalled()
  look(true)
  look(true)
  expect(work).toHaveBeenCalledOnce()
  const takeBack = onceSeen(10_000, work, page)
  takeBack()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(work).toHaveBeenCalledOnce()
})

test('Postgres is asked again after a pause, not while it answers, and not by this after a failure', () => {
  const rested = { isLoading: false, hasFailed: false, ageMs: REREAD_MS_MIN }
  expect(mayReread(rested)).toBe(true)
  expect(mayReread({ ...rested, ageMs: REREAD_MS_MIN - 1 })).toBe(false)
  expect(mayReread({ ...rested, isLoading: true, ageMs: 60_000 })).toBe(false)
  expect(mayReread({ ...rested, hasFailed: true, ageMs: 60_000 })).toBe(false)
})

test('Postgres may sleep over the turn of the hour once nobody was there and nothing came for an hour', () => {
  expect([0, 3_599_999, 3_600_000, 86_400_000].map(mayWake)).toEqual([true, true, false, false])
})

test('hours that are over are over, also when the machine has slept for days', () => {
  const to = '2026-11-21T21:00:00.000Z'
  const atMs = Date.parse(to)
  expect([-1, 0, 1, 25 * 3_600_000, 90 * 24 * 3_600_000].map((ms) => isPast(to, atMs + ms))).toEqual([
    false,
    false,
    true,
    true,
    true,
  ])
})

describe('the audit', () => {
  const shard = (name: string, agrees?: boolean) =>
    ({
      shard: name,
      ...(agrees === undefined ? {} : { ledger: { increments: 500, agrees } }),
    }) as ShardStatus
  const silent = { shard: 'eu-1', error: 'no answer' }
  const words = (...shards: StatusAnswer['shards']) => auditWords({ shards } as StatusAnswer)

  test('agrees when every shard does', () => {
    expect(words(shard('eu-0', true), shard('eu-1', true))).toBe('Agrees: 1,000 increments of 2 shards')
  })

  test('names what does not agree, and who did not answer', () => {
    expect(words(shard('eu-0', true), silent)).toBe(
      'No answer from eu-1; the others agree on 500 increments of 1 shard',
    )
    expect(words(shard('eu-0', true), shard('eu-2'))).toMatch(/^No answer from eu-2;/)
    expect(words(shard('eu-0', false), silent)).toBe('Does not agree: eu-0; No answer from eu-1')
    expect(words(silent)).toBe('No answer from eu-1')
  })

  test('says through when days are made, or from when', () => {
    const days = { through: '2026-11-17', next: null, stale: 0, begins: null }
    expect(daysWords({ days })).toEqual(['Days are made through 2026-11-17'])
    expect(daysWords({ days: { ...days, stale: 1_200 } })).toEqual([
      'Days are made through 2026-11-17, and 1,200 that late increments have changed are to be made',
    ])
    expect(daysWords({ days: { ...days, through: null } })).toEqual(['No day is made yet'])
    expect(daysWords({ days: { ...days, begins: '2026-11-22T03:00:00.000Z' } })).toEqual([
      'Days are made from 2026-11-22T03:00Z on',
    ])
    expect(daysWords({})).toEqual([])
  })
})
