import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import * as limits from '../src/limits.ts'

const ROW_BYTES_MAX = 2_000_000
const ISOLATE_BYTES = 128 * 1024 * 1024

describe('bounds', () => {
  test("[I5] a flight fits in a Durable Object's row with room to spare", () => {
    expect(limits.FLIGHT_BYTES_MAX * 1.5).toBeLessThan(ROW_BYTES_MAX)
  })

  test('[I5] any one request fits in what may wait for one shard', () => {
    // Encoded, an item with an id takes its key twice, and at most 200 bytes more.
    const encoded = 2 * limits.REQUEST_BYTES_MAX + limits.REQUEST_ITEMS_MAX * 200
    expect(encoded).toBeLessThan(limits.WAITING_BYTES_PER_SHARD_MAX)
    expect(2 * limits.WAITING_BYTES_PER_SHARD_MAX).toBeLessThanOrEqual(limits.WAITING_BYTES_MAX)
  })

  test('[I5] what an isolate holds for Postgres stays below half of its memory', () => {
    expect(limits.HELD_CELLS_MAX * 250).toBeLessThan(ISOLATE_BYTES / 2)
    expect(limits.WAITING_BYTES_MAX).toBeLessThan(ISOLATE_BYTES / 4)
  })

  test('a lead is not taken over while its flight may still be tried again', () => {
    expect(limits.LEAD_LEASE_MS).toBeGreaterThan(limits.WAIT_MS_MAX + limits.ATTEMPT_MS_MAX)
  })

  test('[I5] an outgrown shard flushes long before it is full', () => {
    expect(limits.FLUSH_CELLS * 10).toBeLessThan(limits.HELD_CELLS_MAX)
    expect(limits.FLUSH_BYTES * 5).toBeLessThan(limits.HELD_BYTES_MAX)
  })

  test('a sweep that wakes shards, asks the ledger twice and deletes old hours is within a free plan', () => {
    expect(limits.SWEEP_SHARDS_MAX + 2 + limits.RETENTION_STEPS_MAX).toBeLessThanOrEqual(50)
  })

  test('a page of the last day is read hour by hour, however many items it has', () => {
    expect(24 * (limits.LIST_ITEMS_MAX + 1)).toBeLessThanOrEqual(limits.LIST_BY_HOUR_ROWS_MAX)
  })

  test('a shard retires after it has closed, and an alarm is lost only after the platform could be late', () => {
    expect(limits.RETIRE_GRACE_MS).toBeGreaterThan(limits.CLOSE_GRACE_MS)
    expect(limits.ALARM_OVERDUE_MS).toBeGreaterThan(60_000)
  })

  test("Retry-After is the period of wrangler.toml's rate limit", () => {
    const config = join(import.meta.dirname, '../wrangler.toml')
    const [limit] = unstable_readConfig({ config }).ratelimits
    expect(limit?.name).toBe('RATE_LIMIT')
    expect(limit?.simple.period).toBe(limits.RATE_PERIOD_SECONDS)
  })

  test('[R1] a fresh read is never too large by default, and all of its tries are calls that a paid plan allows', () => {
    // This hour, the one before and, near its turn, the next.
    expect(limits.KEYS_MAX * 3).toBeLessThanOrEqual(limits.FRESH_SHARDS_MAX)
    expect(limits.FRESH_HOURS_MAX + 2).toBeLessThanOrEqual(limits.FRESH_SHARDS_MAX)
    expect(limits.FRESH_TRIES_MAX * (limits.FRESH_SHARDS_MAX + 1)).toBeLessThan(10_000)
    expect(limits.READ_STATEMENT_MS_MAX).toBeLessThan(limits.READ_MS_MAX)
  })
})
