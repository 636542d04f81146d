import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AdmittedKeys } from '../../../../src/edge/ingest/hits/admitted-keys.ts'
import { HitKeys } from '../../../../src/model/access/hit-keys.ts'
import { scheduleOf } from '../../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)

/** Shards, each with room for few keys under a prefix, and how often they were asked. */
function makeShards(ofPrefix: number) {
  const shards = new Map<string, HitKeys>()
  const asked: string[] = []
  return {
    asked,
    async admitHit(shard: string, prefix: string, key: string) {
      asked.push(`${shard} ${key}`)
      const keys = shards.get(shard) ?? new HitKeys({ keys: ofPrefix, bytes: 10_000 })
      shards.set(shard, keys)
      return keys.admit(prefix, key, () => [])
    },
  }
}

describe('the isolates in front of the shards of hits', () => {
  test('[S3] count each prefix under so many keys a shard, alike in all isolates, and the rest under one', async () => {
    const hit = fc.record({ isolate: fc.nat(2), prefix: fc.constantFrom('a', 'b'), page: fc.nat(15) })
    await fc.assert(
      fc.asyncProperty(fc.array(hit, { maxLength: 80 }), fc.constantFrom('1', '3'), async (hits, count) => {
        const shards = makeShards(3)
        const isolates = [0, 1, 2].map(() => new AdmittedKeys(shards, scheduleOf(count)))
        const counted = new Map<string, string>()
        for (const { isolate, prefix, page } of hits) {
          const key = `${prefix}/${page}`
          const own = (await isolates[isolate]?.keyOf(prefix, key, NOW)) ?? ''
          expect([key, `${prefix}/(other)`]).toContain(own)
          // A decision holds for everyone.
          expect(own).toBe(counted.get(key) ?? own)
          counted.set(key, own)
        }
        for (const prefix of ['a', 'b']) {
          const keys = [...counted].filter(([key, own]) => key === own && key.startsWith(`${prefix}/`))
          expect(keys.length).toBeLessThanOrEqual(3 * Number(count))
        }
      }),
    )
  })

  test('ask a shard once for a key, and no more once its prefix is full', async () => {
    const shards = makeShards(2)
    const isolate = new AdmittedKeys(shards, scheduleOf('1'))
    for (let i = 0; i < 50; i++) await isolate.keyOf('a', `a/${i % 10}`, NOW)
    expect(shards.asked).toHaveLength(2)
    const late = new AdmittedKeys(shards, scheduleOf('1'))
    for (const page of [5, 0, 1, 7]) await late.keyOf('a', `a/${page}`, NOW)
    expect(shards.asked).toHaveLength(3)
    expect(await late.keyOf('a', 'a/(other)', NOW)).toBe('a/(other)')
    expect(shards.asked).toHaveLength(3)
  })

  test('begin anew with each hour', async () => {
    const shards = makeShards(1)
    const isolate = new AdmittedKeys(shards, scheduleOf('1'))
    expect(await isolate.keyOf('a', 'a/1', NOW)).toBe('a/1')
    expect(await isolate.keyOf('a', 'a/2', NOW)).toBe('a/(other)')
    expect(await isolate.keyOf('a', 'a/2', NOW + 3_600_000)).toBe('a/2')
  })
})
