import { expect, test, vi } from 'vitest'
import { seeded } from '../../support/chance.ts'
import { DELTA, type Encoding, EXPORTERS, measure } from './opentelemetry.ts'
import { LOST_ANSWER, openKillable, unlucky } from './trouble.ts'

const EXPORTS = 30
const KILLS = 3

const SEED = Date.now() % 2 ** 31

test.each(Object.keys(EXPORTERS) as Encoding[])(
  `[N1] [I1] the SDK's deltas in %s are exact, though requests and answers are lost, 503s come and workerd is killed (seed ${SEED})`,
  async (encoding) => {
    const stage = await openKillable()
    const random = seeded(SEED)
    const fateOf = unlucky(random)
    // Its answer is lost, so it has counted: an exporter that meets a dead server too often gives up.
    let isDoomed = false
    const proxy = await stage.proxy((n) => (isDoomed ? LOST_ANSWER : fateOf(n)))
    const variables = { ...DELTA, OTEL_METRIC_EXPORT_TIMEOUT: '60000', OTEL_EXPORTER_OTLP_TIMEOUT: '60000' }
    const { counter, provider, export: exportNow } = measure(proxy.url, encoding, 'shop', variables)
    const counters = Array.from({ length: 5 }, (_, i) => counter(`c${i}`))
    const expected = counters.map(() => 0)
    for (let n = 0; n < EXPORTS; n++) {
      for (const [i, each] of counters.entries()) {
        const value = Math.floor(random() * 10)
        each.add(value, { page: n % 3 })
        expected[i] = (expected[i] ?? 0) + value
      }
      isDoomed = n % (EXPORTS / KILLS) === 5
      const before = proxy.passed.length
      const exporting = exportNow()
      if (isDoomed) {
        await vi.waitUntil(() => proxy.passed.length > before, { timeout: 30_000 })
        isDoomed = false
        await stage.killAndRestart()
      }
      await exporting
    }
    await provider.shutdown()
    const sums = await Promise.all(counters.map((_, i) => stage.sumOf(`otel/shop/c${i}`)))
    expect(sums).toEqual(expected)
    console.info(`${encoding}: ${proxy.passed.length} requests for ${EXPORTS} exports, ${KILLS} kills`)
  },
)
