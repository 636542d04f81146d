import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HIT_KEYS_PER_PREFIX_MAX } from '../../../src/limits.ts'
import { HitKeys, otherKey, rememberedBytes } from '../../../src/model/access/hit-keys.ts'

const NOTHING = () => []

describe('the keys of hits in a shard', () => {
  test('[S3] are the first of each prefix, up to the bound, whatever other prefixes do', () => {
    const asked = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(9)), { maxLength: 60 })
    fc.assert(
      fc.property(asked, (hits) => {
        const keys = new HitKeys({ keys: 4, bytes: 10_000 })
        const naive = new Map<string, string[]>()
        for (const [prefix, n] of hits) {
          const key = `${prefix}/${n}`
          const admitted = naive.get(prefix) ?? []
          naive.set(prefix, admitted)
          if (!admitted.includes(key) && admitted.length < 4) admitted.push(key)
          expect(keys.admit(prefix, key, NOTHING)).toEqual({
            isAdmitted: admitted.includes(key),
            all: admitted.length === 4 ? admitted : null,
          })
        }
      }),
    )
  })

  test('[S3] of all prefixes are bounded too: a prefix that comes later keeps what it has', () => {
    const keys = new HitKeys({ keys: 3, bytes: 4 * rememberedBytes('a/1') })
    for (const key of ['a/1', 'a/2', 'b/1'])
      expect(keys.admit(key.slice(0, 1), key, NOTHING).isAdmitted).toBe(true)
    expect(keys.admit('b', 'b/2', NOTHING)).toEqual({ isAdmitted: true, all: ['b/1', 'b/2'] })
    expect(keys.admit('b', 'b/3', NOTHING)).toEqual({ isAdmitted: false, all: ['b/1', 'b/2'] })
    expect(keys.admit('c', 'c/1', NOTHING)).toEqual({ isAdmitted: false, all: [] })
    expect(keys.admit('a', 'a/1', NOTHING).isAdmitted).toBe(true)
  })

  test('[S3] begin in a new instance with those that the shard holds, of this prefix alone', () => {
    const keys = new HitKeys({ keys: 2, bytes: 10_000 })
    const held = () => ['a/1', 'a-b/1', otherKey('a'), 'b/1', 'a/1']
    expect(keys.admit('a', 'a/2', held)).toEqual({ isAdmitted: true, all: ['a/1', 'a/2'] })
    expect(keys.admit('a', 'a/3', held).isAdmitted).toBe(false)
    // They are looked at once, because a key of another writer is no hit's.
    expect(keys.admit('b', 'b/2', () => ['b/1']).all).toEqual(['b/1', 'b/2'])
  })

  test('[S3] are a thousand under one prefix', () => {
    const keys = new HitKeys()
    const ask = (i: number) => keys.admit('a', `a/${i}`, NOTHING).isAdmitted
    const admitted = Array.from({ length: HIT_KEYS_PER_PREFIX_MAX + 5 }, (_, i) => ask(i)).filter(Boolean)
    expect(admitted).toHaveLength(1_000)
  })
})
