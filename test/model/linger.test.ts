import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CROWDED_FLIGHT, HEAVY_REQUEST_BYTES, ONE_CLIENT_FLIGHTS, SHORT_LINGER_MS } from '../../src/limits.ts'
import type { CommitState, FormingFlightState } from '../../src/model/linger.ts'
import { commitWait, countFromOneClient, flightWait } from '../../src/model/linger.ts'

const LINGER_MS = 25

const LIGHT: FormingFlightState = { aboard: 2, bytes: 200, isFull: false, lastAboard: 2 }

/** A flight that waits for the rest of the linger: the last row was written 10 ms ago. */
const SHARED: CommitState = {
  lingerMs: LINGER_MS,
  committedMs: 1_000,
  fromOneClient: 0,
  increments: 1,
  hasBacklog: false,
  isRowFull: false,
}
const NOW_MS = 1_010

describe('a flight in its isolate', () => {
  test.each<[FormingFlightState, ReturnType<typeof flightWait>]>([
    [LIGHT, { waitMs: 0, why: 'ready' }],
    [
      { ...LIGHT, bytes: 2 * HEAVY_REQUEST_BYTES },
      { waitMs: SHORT_LINGER_MS, why: 'arrays' },
    ],
    [
      { ...LIGHT, aboard: 7, lastAboard: CROWDED_FLIGHT },
      { waitMs: SHORT_LINGER_MS, why: 'few_after_many' },
    ],
    [
      { ...LIGHT, aboard: 8, lastAboard: CROWDED_FLIGHT },
      { waitMs: 0, why: 'ready' },
    ],
    [
      { ...LIGHT, aboard: 1, lastAboard: CROWDED_FLIGHT, isFull: true },
      { waitMs: 0, why: 'full' },
    ],
  ])('%j waits %j', (state, wait) => {
    expect(flightWait(state)).toEqual(wait)
  })

  test('of a lone client never waits, whatever it carries', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(1_000_000), fc.nat(1), (aboard, bytes, last) => {
        expect(flightWait({ aboard, bytes, isFull: false, lastAboard: last })).toEqual({
          waitMs: 0,
          why: 'alone',
        })
      }),
    )
  })
})

describe('a flight in its shard', () => {
  test.each<[string, Partial<CommitState>, ReturnType<typeof commitWait>]>([
    ['waits until a linger after the last row', {}, { waitMs: 15, why: 'row_soon' }],
    [
      'does not wait when nothing was journaled for a linger',
      { committedMs: NOW_MS - LINGER_MS },
      { waitMs: 0, why: 'row_due' },
    ],
    [
      'does not wait before the first row',
      { committedMs: Number.NEGATIVE_INFINITY },
      { waitMs: 0, why: 'row_due' },
    ],
    ['does not wait without a linger', { lingerMs: 0 }, { waitMs: 0, why: 'row_due' }],
    [
      'waits no longer than a linger when the clock is put back',
      { committedMs: NOW_MS + 3_600_000 },
      { waitMs: LINGER_MS, why: 'row_soon' },
    ],
    ['does not wait behind a backlog', { hasBacklog: true }, { waitMs: 0, why: 'backlog' }],
    [
      'does not wait with many increments',
      { increments: CROWDED_FLIGHT },
      { waitMs: 0, why: 'many_increments' },
    ],
    ['does not wait when the row is full', { isRowFull: true }, { waitMs: 0, why: 'row_full' }],
    [
      'does not wait for one client alone',
      { fromOneClient: ONE_CLIENT_FLIGHTS },
      { waitMs: 0, why: 'one_client' },
    ],
  ])('%s', (_, change, wait) => {
    expect(commitWait({ ...SHARED, ...change }, NOW_MS)).toEqual(wait)
  })

  test('waits between 0 and a linger, at any state and time', () => {
    const state = fc.record({
      lingerMs: fc.nat(1_000),
      committedMs: fc.oneof(fc.constant(Number.NEGATIVE_INFINITY), fc.integer()),
      fromOneClient: fc.nat(20),
      increments: fc.nat(40),
      hasBacklog: fc.boolean(),
      isRowFull: fc.boolean(),
    })
    fc.assert(
      fc.property(state, fc.integer(), (each, nowMs) => {
        const { waitMs } = commitWait(each, nowMs)
        expect(waitMs).toBeGreaterThanOrEqual(0)
        expect(waitMs).toBeLessThanOrEqual(each.lingerMs)
      }),
    )
  })
})

test('one client is told from several by flights of one increment from one isolate', () => {
  expect(countFromOneClient(3, false, 1)).toBe(4)
  expect(countFromOneClient(3, false, 2)).toBe(0)
  expect(countFromOneClient(3, true, 1)).toBe(0)
})
