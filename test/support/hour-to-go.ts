import { vi } from 'vitest'
import { HOUR_MS } from '../../src/model/hour.ts'

/** Waits for the next hour when this one ends within so many milliseconds, so that it does not turn while a test goes by it. */
export async function untilHourLasts(ms: number): Promise<void> {
  await vi.waitUntil(() => HOUR_MS - (Date.now() % HOUR_MS) >= ms, { timeout: ms + 10_000 })
}
