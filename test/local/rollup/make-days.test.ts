import { describe, expect, test } from 'vitest'
import { makeDays, NO_PROGRESS } from '../../../src/local/rollup/make-days.ts'
import type { Made } from '../../../src/model/rollups/rollups.ts'
import { NO_ROLLUPS } from '../../support/no-rollups.ts'

const DAYS = Array.from({ length: 250 }, (_, i) => new Date(i * 86_400_000).toISOString().slice(0, 10))

/** @param outcome of a day at its n-th try; it may throw. */
function workOn(days: readonly string[], outcome: (day: string, n: number) => Made = () => MADE) {
  const left = new Set(days)
  const tried: string[] = []
  const interrupt = new AbortController()
  const progress = { ...NO_PROGRESS }
  const rollups = {
    ...NO_ROLLUPS,
    daysToMake: async (most: number) => ({ days: [...left].slice(0, most), count: left.size, beginsInMs: 0 }),
    makeDay: async (day: string) => {
      tried.push(day)
      const made = outcome(day, tried.filter((each) => each === day).length)
      if (made.kind === 'made') left.delete(day)
      return made
    },
  }
  const run = () => makeDays({ rollups, progress, interrupt: interrupt.signal, sleep: async () => undefined })
  return { rollups, left, tried, interrupt, progress, run }
}

const MADE: Made = { kind: 'made', rows: 24 }

test('[D1] every day is made once, in the order of the list, with progress', async () => {
  const work = workOn(DAYS)
  expect(await work.run()).toEqual({ kind: 'through', failed: new Map() })
  expect(work.tried).toEqual(DAYS)
  expect(work.progress).toEqual({ made: 250, rows: 6_000, left: 0, day: DAYS.at(-1), trouble: '' })
})

test('an interrupted run ends after the day under way, and the next one goes on there', async () => {
  const work = workOn(DAYS, (day) => {
    if (day === DAYS[120]) work.interrupt.abort()
    return MADE
  })
  expect(await work.run()).toEqual({ kind: 'interrupted' })
  expect(work.progress).toMatchObject({ made: 121, left: 129 })
  const rest = workOn([...work.left])
  await rest.run()
  expect([...work.tried, ...rest.tried]).toEqual(DAYS)
})

test('a day that fails twice is made at the third try', async () => {
  const work = workOn(DAYS.slice(0, 3), (day, n) => {
    if (day === DAYS[1] && n < 3) throw new Error('lost')
    return MADE
  })
  expect(await work.run()).toEqual({ kind: 'through', failed: new Map() })
})

test('a day that always fails, and one that cannot be read, hold back no other, and are named with the reason', async () => {
  const work = workOn(DAYS, (day) => {
    if (day === DAYS[0]) throw new Error('no answer in 900000 ms')
    return day === DAYS[1] ? { kind: 'unreadable' } : MADE
  })
  const ending = await work.run()
  expect(ending).toMatchObject({ kind: 'through' })
  expect(ending.kind === 'through' && [...ending.failed]).toEqual([
    [DAYS[0], 'no answer in 900000 ms'],
    [DAYS[1], expect.stringContaining('cannot be read')],
  ])
  expect(work.progress.made).toBe(248)
})

test('when every day fails, the run ends after a few of them and says why', async () => {
  const work = workOn(DAYS, () => {
    throw new Error('fetch failed')
  })
  expect(await work.run()).toEqual({ kind: 'stuck', reason: 'fetch failed' })
  expect(new Set(work.tried).size).toBe(3)
})

test('days that another process makes are waited for, and not for ever', async () => {
  const work = workOn(DAYS.slice(0, 2), () => ({ kind: 'not_needed' }))
  expect(await work.run()).toMatchObject({ kind: 'stuck' })
})

test('before roll-ups may begin nothing is made', async () => {
  const work = workOn(DAYS)
  const rollups = { ...work.rollups, daysToMake: async () => ({ days: [], count: 0, beginsInMs: 5_000 }) }
  const sleep = async () => undefined
  expect(
    await makeDays({ rollups, progress: work.progress, interrupt: work.interrupt.signal, sleep }),
  ).toEqual({ kind: 'not_begun', beginsInMs: 5_000 })
})

describe('a day that is made in pieces', () => {
  const piece = (isFirst: boolean): Made => ({ kind: 'partly_made', rows: 10, isFirst })

  test('is asked for again until it is whole, however many pieces it has, and a piece that fails is tried again', async () => {
    const work = workOn(DAYS.slice(0, 2), (day, n) => {
      if (day === DAYS[0] || n === 9) return MADE
      if (n % 3 === 0) throw new Error('lost')
      return piece(n === 1)
    })
    expect(await work.run()).toEqual({ kind: 'through', failed: new Map() })
    expect(work.progress).toMatchObject({ made: 2, rows: 24 + 24 + 6 * 10, trouble: '' })
  })

  test('and that others change all the time is left in the end, with the reason', async () => {
    const work = workOn(DAYS.slice(0, 1), (_, n) => piece(n % 2 === 1))
    expect(await work.run()).toMatchObject({
      kind: 'stuck',
      reason: expect.stringContaining('others change'),
    })
  })

  test('is left at its next piece when it is interrupted', async () => {
    const work = workOn(DAYS.slice(0, 1), (_, n) => {
      if (n === 3) work.interrupt.abort()
      return piece(n === 1)
    })
    expect(await work.run()).toEqual({ kind: 'interrupted' })
    expect(work.tried).toHaveLength(3)
  })
})
