import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { seeded } from '../../support/chance.ts'
import type { Fate } from '../../support/http-proxy.ts'
import { DELTA, type Encoding, EXPORTERS, measure } from './opentelemetry.ts'
import { openStage, type Stage } from './stage.ts'

const EXPORTS = 30
const KILLS = 3

const SEED = Date.now() % 2 ** 31

async function openKillable(): Promise<Stage> {
  const objects = mkdtempSync(join(tmpdir(), 'sumdial-objects-'))
  const stage = await openStage({}, { objects })
  onTestFinished(async () => {
    await stage.close()
    rmSync(objects, { recursive: true, force: true, maxRetries: 5 })
  })
  return stage
}

/** Every third request goes wrong, in all ways that exporters retry. */
function unlucky(random: () => number): (n: number) => Fate {
  const fates: readonly Fate[] = [
    { kind: 'answer lost' },
    { kind: 'lost' },
    { kind: 'refused', status: 503, retryAfterSeconds: 0 },
    { kind: 'refused', status: 503 },
    { kind: 'refused', status: 429, retryAfterSeconds: 1 },
    { kind: 'refused', status: 502 },
  ]
  return () =>
    random() < 1 / 3
      ? (fates[Math.floor(random() * fates.length)] ?? { kind: 'through' })
      : { kind: 'through' }
}

test.each(Object.keys(EXPORTERS) as Encoding[])(
  `[N1] [I1] the SDK's deltas in %s are exact, though requests and answers are lost, 503s come and workerd is killed (seed ${SEED})`,
  async (encoding) => {
    const stage = await openKillable()
    const random = seeded(SEED)
    const proxy = await stage.proxy(unlucky(random))
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
      const exporting = exportNow()
      if (n % (EXPORTS / KILLS) === 5) await stage.killAndRestart()
      await exporting
    }
    await provider.shutdown()
    const sums = await Promise.all(counters.map((_, i) => stage.sumOf(`otel/shop/c${i}`)))
    expect(sums).toEqual(expected)
    console.info(`${encoding}: ${proxy.passed.length} requests for ${EXPORTS} exports, ${KILLS} kills`)
  },
)
