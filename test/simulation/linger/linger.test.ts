import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SHORT_LINGER_MS } from '../../../src/limits.ts'
import { runProduction } from './production.ts'
import type { LingerLoad } from './simulate.ts'
import { simulateLinger } from './simulate.ts'

const ISOLATES = [1, 2, 4, 8, 16, 32, 64]

const LOAD: LingerLoad = {
  isolates: 8,
  requests: { kind: 'open', perSecond: 500 },
  increments: 1,
  callMs: 10,
  lingerMs: 25,
  seconds: 5,
  seed: 1,
}

const anyLoad = fc.record({
  isolates: fc.constantFrom(...ISOLATES),
  requests: fc.record({ kind: fc.constant('open' as const), perSecond: fc.integer({ min: 20, max: 2_000 }) }),
  increments: fc.constantFrom(1, 1, 5, 100),
  callMs: fc.integer({ min: 1, max: 50 }),
  lingerMs: fc.nat(100),
  seconds: fc.constant(2),
  seed: fc.integer(),
})

/** The longest that a flight takes: its call, and all that it may wait for in its isolate and in the shard. */
function flightMsMax({ callMs, lingerMs }: LingerLoad): number {
  return callMs * 1.5 + lingerMs + SHORT_LINGER_MS
}

describe('lingering, as a simulation of its policy shows it', () => {
  test.each([1, 100])('a lone client that sends %i increments at a time never waits', (increments) => {
    const load: LingerLoad = { ...LOAD, isolates: 1, requests: { kind: 'closed' }, increments }
    const { requests, longestWaitMs, longestMs } = simulateLinger(load)
    expect(requests).toBeGreaterThan(300)
    expect(longestWaitMs).toBe(0)
    expect(longestMs).toBeLessThan(LOAD.callMs * 1.5)
  })

  test.each(ISOLATES)(
    'the longer the linger, the fewer rows for each increment, from %i isolates',
    (isolates) => {
      const rows = [0, 5, 10, 25].map(
        (lingerMs) => simulateLinger({ ...LOAD, isolates, lingerMs }).rowsPerIncrement,
      )
      expect(rows).toEqual(rows.toSorted((a, b) => b - a))
      expect(rows.at(-1)).toBeLessThan((rows[0] ?? 0) / 2)
    },
  )

  test('increments that come one by one from many isolates write at most a row in each linger', () => {
    for (const isolates of [16, 32, 64]) {
      const { rows } = simulateLinger({ ...LOAD, isolates })
      // The last requests are still on their way when the load ends.
      expect(rows).toBeLessThanOrEqual(2 + (LOAD.seconds * 1_000) / LOAD.lingerMs)
    }
  })

  test('a request is answered within two flights, its own and one before it, each of a call and a linger', () => {
    fc.assert(
      fc.property(anyLoad, (load) => {
        const { requests, longestMs, longestWaitMs } = simulateLinger(load)
        expect(longestWaitMs).toBeLessThanOrEqual(Math.max(load.lingerMs, SHORT_LINGER_MS))
        if (requests > 0) expect(longestMs).toBeLessThanOrEqual(2 * flightMsMax(load))
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    { isolates: 1, perSecond: 200, increments: 1 },
    { isolates: 4, perSecond: 2_000, increments: 1 },
    { isolates: 8, perSecond: 500, increments: 3 },
    { isolates: 3, perSecond: 600, increments: 100 },
  ])('the production coalescer and group commit do just that: %j', async ({ perSecond, ...change }) => {
    const load: LingerLoad = { ...LOAD, ...change, seconds: 1, requests: { kind: 'open', perSecond } }
    const { requests, rows, calls, longestMs } = simulateLinger(load)
    expect(await runProduction(load, perSecond)).toEqual({ requests, rows, calls, longestMs })
  })
})
