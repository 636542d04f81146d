import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LIVE_MS, type Watch, waitOf } from '../../../../src/dashboard/data/live/pace.ts'
import { paced } from '../../../../src/dashboard/data/live/paced.ts'
import { presenceOf } from '../../../../src/dashboard/data/live/presence.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000]

const spans = fc.integer({ min: 0, max: 7 * 24 * HOUR })
const watches = fc.record({ sinceTouchMs: spans, sinceMoveMs: spans, sent: fc.integer({ min: 0, max: 20 }) })
const wait = (watch: Omit<Watch, 'isHidden'>) => waitOf({ ...watch, isHidden: false }) ?? Number.NaN

describe('how long a page waits', () => {
  test('is for ever while nobody can see it, and otherwise between 2 seconds and a minute for each request', () => {
    fc.assert(
      fc.property(watches, (watch) => {
        expect(waitOf({ ...watch, isHidden: true })).toBeNull()
        expect(wait(watch)).toBeGreaterThanOrEqual(LIVE_MS)
        expect(wait(watch)).toBeLessThanOrEqual(Math.max(1, watch.sent) * MINUTE)
      }),
    )
  })

  test('never shrinks by itself: not with the time since a change or a touch, nor with what it has cost', () => {
    fc.assert(
      fc.property(watches, watches, (watch, more) => {
        for (const name of ['sinceTouchMs', 'sinceMoveMs', 'sent'] as const) {
          const later = { ...watch, [name]: watch[name] + more[name] }
          expect(wait(later)).toBeGreaterThanOrEqual(wait(watch))
        }
      }),
    )
  })

  test('is 2 seconds while somebody looks and something moves, 8 where it rests, 24 where nobody is', () => {
    const watch = { sinceTouchMs: 0, sinceMoveMs: 0, sent: 1 }
    expect(wait(watch)).toBe(2 * SECOND)
    expect(wait({ ...watch, sinceMoveMs: HOUR })).toBe(8 * SECOND)
    expect(wait({ ...watch, sinceTouchMs: HOUR })).toBe(24 * SECOND)
    expect(wait({ ...watch, sinceTouchMs: HOUR, sinceMoveMs: HOUR })).toBe(60 * SECOND)
  })
})

/** A page whose turns cost so many requests, of which some move its figures. */
function openPage(
  turn: () => { readonly sent: number; readonly hasMoved: boolean; readonly tookMs?: number },
) {
  const page = Object.assign(new EventTarget(), { hidden: false })
  const runs = { sent: 0, turns: 0, now: 0, most: 0, movedAtMs: Date.now() }
  const nowMs = () => Date.now()
  const end = paced(
    async () => {
      const { sent, hasMoved, tookMs = 20 } = turn()
      runs.turns += 1
      runs.now += 1
      runs.most = Math.max(runs.most, runs.now)
      runs.sent += sent
      await new Promise((resolve) => setTimeout(resolve, tookMs))
      if (hasMoved) runs.movedAtMs = Date.now()
      runs.now -= 1
    },
    { presence: presenceOf(page, nowMs), nowMs, sent: () => runs.sent, movedAtMs: () => runs.movedAtMs },
  )
  const look = (isLooking: boolean) => {
    page.hidden = !isLooking
    page.dispatchEvent(new Event('visibilitychange'))
  }
  const touch = (type = 'pointermove') => void page.dispatchEvent(new Event(type))
  /** How many requests it sends in a time that begins with an act. */
  const sentIn = async (ms: number, act = () => {}) => {
    const before = runs.sent
    act()
    await vi.advanceTimersByTimeAsync(ms)
    return runs.sent - before
  }
  return { page, runs, look, touch, sentIn, end }
}

/** A turn sends the first number; where a flush has landed since, the second is to read Postgres again. */
function busy(each: number, reread: number, flushMs = 5 * SECOND) {
  let flushedAtMs = 0
  return () => {
    const isFlushed = Date.now() - flushedAtMs >= flushMs
    if (isFlushed) flushedAtMs = Date.now()
    return { sent: each + (isFlushed ? reread : 0), hasMoved: true }
  }
}

const still = () => ({ sent: 1, hasMoved: false })

describe('an hour of an open page', () => {
  test.each([
    ['that lies open, where nothing moves', still],
    ['of the busiest keys that lies open, where everything moves', busy(2, 3)],
    ['of a chart that lies open, where everything moves', busy(1, 1)],
    ['of five prefixes that lies open, where everything moves', busy(5, 5)],
    ['of health that lies open, where everything moves', busy(2, 0)],
  ])('costs under 250 requests, and under 160 from the second on: one %s', async (_, turn) => {
    const { sentIn, end } = openPage(turn)
    const hours = [await sentIn(HOUR), await sentIn(HOUR), await sentIn(HOUR)]
    end()
    expect(hours[0]).toBeLessThan(250)
    expect(Math.max(...hours.slice(1))).toBeLessThan(160)
  })

  test('costs under 300 whatever it sends and whatever moves, while nobody touches it', async () => {
    const turns = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.boolean()), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(turns, fc.integer({ min: 0, max: HOUR }), async (some, fromMs) => {
        let i = 0
        const { sentIn, end } = openPage(() => {
          const [sent, hasMoved] = some[i++ % some.length] ?? [1, true]
          return { sent, hasMoved }
        })
        await sentIn(fromMs)
        expect(await sentIn(HOUR)).toBeLessThan(300)
        end()
      }),
      { numRuns: 30 },
    )
  })

  test('in which nothing moves costs about 60, and about 95 when it is the first', async () => {
    const { sentIn, end } = openPage(still)
    expect(await sentIn(HOUR)).toBeLessThan(110)
    expect(await sentIn(HOUR)).toBeLessThanOrEqual(60)
    end()
  })

  test('in the background costs nothing, and it asks at once when it is looked at again', async () => {
    const { sentIn, look, end } = openPage(busy(2, 3))
    look(false)
    await sentIn(5 * SECOND)
    expect(await sentIn(HOUR)).toBe(0)
    expect(await sentIn(0, () => look(true))).toBe(5)
    expect(await sentIn(MINUTE)).toBeGreaterThan(40)
    end()
    expect(await sentIn(HOUR)).toBe(0)
    look(true)
    expect(await sentIn(HOUR)).toBe(0)
  })

  test.each(['pointermove', 'pointerdown', 'touchstart', 'wheel', 'keydown'])(
    'ends when somebody comes back: %s makes it ask at once, and follow what moves',
    async (type) => {
      const { sentIn, touch, end } = openPage(busy(1, 0))
      await sentIn(HOUR)
      await sentIn(10 * SECOND)
      expect(await sentIn(0, () => touch(type))).toBe(1)
      expect(await sentIn(MINUTE)).toBeGreaterThanOrEqual(29)
      end()
    },
  )

  test('costs one request in 8 seconds while somebody is there and nothing moves, however much they move', async () => {
    const { sentIn, touch, end } = openPage(still)
    await sentIn(10 * MINUTE)
    let sent = 0
    for (let i = 0; i < 600; i++) {
      sent += await sentIn(SECOND, touch)
    }
    end()
    expect(sent).toBeGreaterThan(60)
    expect(sent).toBeLessThanOrEqual(76)
  })

  test('is not disturbed by a pointer that rests while the page moves under it', async () => {
    const { sentIn, page, end } = openPage(still)
    await sentIn(HOUR)
    await sentIn(10 * SECOND)
    const point = (movementX: number) => () =>
      void page.dispatchEvent(Object.assign(new Event('pointermove'), { movementX, movementY: 0 }))
    expect(await sentIn(SECOND, point(0))).toBe(0)
    expect(await sentIn(SECOND, point(1))).toBe(1)
    end()
  })

  test('has one turn at a time, however slow they are and however often it is looked away from and back', async () => {
    const { runs, look, touch, sentIn, end } = openPage(() => ({ sent: 1, hasMoved: true, tookMs: 10_000 }))
    await sentIn(3 * SECOND)
    for (const isLooking of [false, true, false, true]) look(isLooking)
    for (let i = 0; i < 60; i++) {
      touch()
      await sentIn(SECOND)
    }
    end()
    expect(runs.most).toBe(1)
    expect(runs.turns).toBe(6)
  })
})
