import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refuseBeyond } from '../../../src/edge/ingest/allowance.ts'
import { BAD_ITEMS_TOLD_MAX } from '../../../src/limits.ts'
import { grantOf, type Rights } from '../../../src/model/access/grant.ts'

const segment = fc.constantFrom('a', 'b', '')
const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `p/${segments.join('/')}`)
const item = fc.record({ key, value: fc.integer({ min: -12, max: 12 }) })
const limits = fc.record({
  prefix: fc.option(fc.constant('p'), { nil: undefined }),
  valueMax: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  itemsMax: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  depth: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  keys: fc.option(fc.array(key, { minLength: 1, maxLength: 20 }), { nil: undefined }),
})

type Item = { readonly key: string; readonly value: number }

function refusalOf(rights: Omit<Rights, 'scopes'>, items: readonly Item[]) {
  const columns = { keys: items.map(({ key }) => key), values: items.map(({ value }) => value) }
  return refuseBeyond(grantOf('page', { scopes: ['write', 'adjust'], ...rights }), columns)
}

/** Whether a token may count an increment, said once more in other words. */
function isAllowed(
  { prefix, valueMax = 99, depth = 99, keys }: Omit<Rights, 'scopes'>,
  { key, value }: Item,
) {
  const segments = key.split('/').length - (prefix === undefined ? 0 : prefix.split('/').length)
  const isListed = keys === undefined || keys.includes(key)
  return isListed && value <= valueMax && value >= -valueMax && (keys !== undefined || segments <= depth)
}

describe('a limit of a token', () => {
  test('[S2] lets a request pass when all of its increments are within, and not otherwise', () => {
    fc.assert(
      fc.property(limits, fc.array(item, { minLength: 1, maxLength: 6 }), (rights, items) => {
        const isWithin =
          items.length <= (rights.itemsMax ?? 99) && items.every((one) => isAllowed(rights, one))
        expect(refusalOf(rights, items) === undefined).toBe(isWithin)
      }),
      { numRuns: 1_000 },
    )
  })

  const items = ['p', 'p/a', 'p/a/b', 'p/a/b/c'].map((key, i) => ({ key, value: i === 2 ? -7 : 7 * i }))

  test.each([
    [
      { depth: 1, prefix: 'p' },
      { kind: 'depth', depth: 1, prefix: 'p', indexes: [2, 3] },
    ],
    [{ depth: 2 }, { kind: 'depth', depth: 2, prefix: null, indexes: [2, 3] }],
    [{ keys: ['p', 'p/a/b'] }, { kind: 'listed_keys', indexes: [1, 3] }],
  ])('[S2] names the keys that are beyond it: %j', (rights, limit) => {
    expect(refusalOf(rights, items)).toEqual({ kind: 'forbidden', limit })
  })

  test('[S2] names the values that are beyond it, and those beyond the first hundred by their number', () => {
    expect(refusalOf({ valueMax: 6 }, items)).toEqual({
      kind: 'invalid_increments',
      more: 0,
      errors: [
        [1, 'at most 6'],
        [2, 'at least -6'],
        [3, 'at most 6'],
      ].map(([index, bound]) => ({
        index,
        path: 'value',
        message: `must be ${bound}, because your access is limited to that`,
      })),
    })
    const many = Array.from({ length: BAD_ITEMS_TOLD_MAX + 5 }, () => ({ key: 'p', value: 2 }))
    expect(refusalOf({ valueMax: 1 }, many)).toMatchObject({
      more: 5,
      errors: { length: BAD_ITEMS_TOLD_MAX },
    })
  })

  test('[S2] refuses a request with too many increments by their number', () => {
    expect(refusalOf({ itemsMax: 3 }, items)).toEqual({ kind: 'too_many_items', items: 4, itemsMax: 3 })
  })
})
