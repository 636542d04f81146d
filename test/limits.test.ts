import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { RATE_RETRY_SECONDS } from '../src/limits.ts'

test("whoever met wrangler.toml's rate limit is asked back within its period, before an exporter gives up", () => {
  const config = join(import.meta.dirname, '../wrangler.toml')
  const [limit] = unstable_readConfig({ config }).ratelimits
  expect(limit?.name).toBe('RATE_LIMIT')
  expect(limit?.simple.period).toBeGreaterThan(RATE_RETRY_SECONDS)
  // Source: the OpenTelemetry exporters give up after 10 s by default.
  expect(RATE_RETRY_SECONDS).toBeLessThan(10)
})
