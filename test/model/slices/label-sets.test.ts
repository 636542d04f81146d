import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cells } from '../../../src/model/cells.ts'
import { LabelSets } from '../../../src/model/slices/label-sets.ts'
import { isLabelled, isOverflow, keyOf, labelsText, OVERFLOW } from '../../../src/model/slices/slice.ts'

const slice = (key: string, plan: number) => key + labelsText({ plan: `p${plan}` })

const slices = fc.array(
  fc
    .tuple(fc.constantFrom('a', 'b', 'a/c'), fc.option(fc.nat(8), { nil: undefined }))
    .map(([key, plan]) => (plan === undefined ? key : slice(key, plan))),
  { maxLength: 60 },
)

describe('the label sets of a shard', () => {
  test('[L2] a key has at most so many, what was taken stays, and all others are in its overflow slice', () => {
    fc.assert(
      fc.property(slices, fc.integer({ min: 0, max: 4 }), (sent, max) => {
        const sets = new LabelSets()
        const taken = new Map<string, Set<string>>()
        for (const each of sent) {
          const placed = sets.place(each, max, () => true)
          expect(keyOf(placed)).toBe(keyOf(each))
          if (!isLabelled(each)) expect(placed).toBe(each)
          if (!isLabelled(placed) || isOverflow(placed)) continue
          expect(placed).toBe(each)
          taken.set(keyOf(each), (taken.get(keyOf(each)) ?? new Set()).add(placed))
        }
        for (const [key, own] of taken) {
          expect(own.size).toBeLessThanOrEqual(max)
          for (const each of own) expect(sets.place(each, max, () => false)).toBe(each)
          if (own.size < max) expect(sets.overflowed.has(key)).toBe(false)
        }
        expect(sets.size).toBe([...taken.values()].reduce((sum, own) => sum + own.size, 0))
      }),
    )
  })

  test('[L2] without room a known set is taken, and a new one overflows', () => {
    const sets = new LabelSets()
    sets.place(slice('a', 1), 10, () => true)
    expect(sets.place(slice('a', 1), 10, () => false)).toBe(slice('a', 1))
    expect(sets.place(slice('a', 2), 10, () => false)).toBe(`a${OVERFLOW}`)
    expect([...sets.overflowed]).toEqual(['a'])
  })

  test('[L2] a new instance begins with what the shard holds, its overflow slice without a place', () => {
    const sets = new LabelSets()
    sets.add(new Cells(['a', slice('a', 1), `a${OVERFLOW}`], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]))
    expect(sets.size).toBe(1)
    expect([...sets.overflowed]).toEqual(['a'])
    expect(sets.place(slice('a', 2), 1, () => true)).toBe(`a${OVERFLOW}`)
    expect(sets.place(slice('b', 2), 1, () => true)).toBe(slice('b', 2))
    expect(sets.bytes).toBeGreaterThan(slice('a', 1).length + slice('b', 2).length)
  })
})
