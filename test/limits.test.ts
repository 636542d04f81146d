import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { RATE_PERIOD_SECONDS } from '../src/limits.ts'

test("Retry-After is the period of wrangler.toml's rate limit", () => {
  const config = join(import.meta.dirname, '../wrangler.toml')
  const [limit] = unstable_readConfig({ config }).ratelimits
  expect(limit?.name).toBe('RATE_LIMIT')
  expect(limit?.simple.period).toBe(RATE_PERIOD_SECONDS)
})
