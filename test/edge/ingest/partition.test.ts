import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlainIncrements } from '../../../src/edge/ingest/fast-path/plain-body.ts'
import { splitByShard, splitPlain } from '../../../src/edge/ingest/partition.ts'
import { FLIGHT_BYTES_MAX } from '../../../src/limits.ts'
import type { Hour } from '../../../src/model/hour.ts'
import type { Schedule } from '../../../src/model/schedule.ts'
import { parseSchedule } from '../../../src/model/schedule.ts'
import { hashKey } from '../../../src/model/shard-name.ts'

const HOUR = 500_000 as Hour

function plainOf(keys: string[]): PlainIncrements {
  return { keys, hashes: keys.map(hashKey), values: keys.map((_, i) => i + 1) }
}

/** The same request as it goes when each of its items was checked by itself. */
function itemwise({ keys, values }: PlainIncrements, shards: Schedule) {
  return splitByShard(
    keys.map((key, i) => ({ key, value: values[i] ?? 0, hour: HOUR })),
    shards,
  )
}

test('[K2] what was good as it was read goes to the shards that its items would go to, cut where they would be', () => {
  const keys = fc.array(fc.stringMatching(/^[a-d]\/[a-d]$/), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 5 }), fc.boolean(), (some, count, isLarge) => {
      const plain = plainOf(
        isLarge ? Array.from({ length: 2_500 }, (_, i) => `${some[0]}/${i}`.padEnd(500, 'x')) : some,
      )
      const shards = parseSchedule(String(count), { min: 1, max: 9 }) as Schedule
      const parts = splitPlain(plain, HOUR, shards)
      const expected = itemwise(plain, shards)
      expect(
        parts.map(({ shard, unnamed: { keys: k, values, bytes }, indexes }) => ({
          shard,
          k,
          values,
          bytes,
          indexes,
        })),
      ).toEqual(
        expected.map(({ shard, unnamed: { keys: k, values, bytes }, indexes }) => ({
          shard,
          k,
          values,
          bytes,
          indexes,
        })),
      )
      for (const { unnamed } of parts) expect(unnamed.bytes).toBeLessThanOrEqual(FLIGHT_BYTES_MAX)
    }),
    { numRuns: 40 },
  )
})
