import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { untilHourLasts } from '../support/hour-to-go.ts'
import { applyLoad, incrementOf, OUTCOME } from '../support/load.ts'
import { settledStatus } from '../support/status.ts'
import { asked, openShop, type Shop } from './shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop?.close())

describe('many calls through a binding, beside HTTP', () => {
  const REQUESTS = 1_500

  /** They take some seconds, and go to the shard of one hour. */
  const LOAD_MS_MAX = 30_000

  test('[I1] [I4] gather in one coalescer, and callers that hang up harm nobody', async () => {
    const served = await shop.serveBoth({ DEV_ACCESS: 'open', MERGE_DELAY_MS: '5' })
    await untilHourLasts(LOAD_MS_MAX)
    try {
      const load = { connections: 64, requests: REQUESTS, hangUps: 0.1 }
      const ports = { bound: served.besidePort ?? 0, http: served.port }
      const reports = await Promise.all(
        Object.entries(ports).map(async ([prefix, port], seed) => {
          return { prefix, ...(await applyLoad({ ...load, ports: [port], seed, prefix })) }
        }),
      )
      await settledStatus(served.url)
      for (const { prefix, failures, outcomes } of reports) {
        expect(failures).toEqual([])
        expect(outcomes.filter((o) => o === OUTCOME.failed || o === OUTCOME.hung)).toHaveLength(0)
        await expectCounted(prefix, outcomes)
      }
      const flights = (await asked(served, 'FLIGHTS', 'told')) as { count: number; inAirMost: number }
      console.log(`${2 * REQUESTS} calls flew in ${flights.count} flights`)
      expect(flights.count).toBeLessThan(REQUESTS / 5)
      // Of one hour's one shard: a coalescer of the binding's own would have one in the air beside HTTP's.
      expect(flights.inAirMost).toBe(1)
      expect(served.log(), 'the log of workerd').toBe('')
    } finally {
      await served.stop()
    }
  })

  /** Who was answered counts once; who hung up once or not at all. */
  async function expectCounted(prefix: string, outcomes: Uint8Array): Promise<void> {
    const least = new Map<string, number>()
    const most = new Map<string, number>()
    for (const [n, outcome] of outcomes.entries()) {
      const { key, value } = incrementOf(prefix, n)
      most.set(key, (most.get(key) ?? 0) + value)
      least.set(key, (least.get(key) ?? 0) + (outcome === OUTCOME.acknowledged ? value : 0))
    }
    const sums = await shop.stand.sums()
    const wrong = Array.from(
      most,
      ([key, max]) => [key, least.get(key) ?? 0, Number(sums[key] ?? 0), max] as const,
    )
    expect(wrong.filter(([, min, sum, max]) => sum < min || sum > max)).toEqual([])
  }
})
