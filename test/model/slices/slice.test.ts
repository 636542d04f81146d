import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyFault } from '../../../src/model/key.ts'
import { labelFaults } from '../../../src/model/slices/labels.ts'
import {
  isLabelled,
  isOverflow,
  isSliceOf,
  keyOf,
  labelsOf,
  labelsText,
  OVERFLOW,
} from '../../../src/model/slices/slice.ts'

const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => keyFault(text) === undefined)
const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_./-]{0,8}$/)
  .filter((text) => !text.startsWith('sumdial.'))
const value = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((text) => labelFaults({ a: text }).length === 0)
const labels = fc.dictionary(name, value, { minKeys: 1, maxKeys: 8 })

describe('a slice as one text', () => {
  test('[L1] gives back its key and its labels, whatever is in them', () => {
    fc.assert(
      fc.property(key, labels, (k, own) => {
        const slice = k + labelsText(own)
        expect(keyOf(slice)).toBe(k)
        expect(labelsOf(slice)).toEqual({ ...own })
        expect(isLabelled(slice) && isSliceOf(slice, k)).toBe(true)
      }),
    )
  })

  test('is one text for equal labels in any order, and another for all others', () => {
    fc.assert(
      fc.property(key, labels, key, labels, (k, own, otherKey, other) => {
        const turned = Object.fromEntries(Object.entries(own).reverse())
        expect(k + labelsText(turned)).toBe(k + labelsText(own))
        const isEqual = k === otherKey && JSON.stringify(sorted(own)) === JSON.stringify(sorted(other))
        expect(k + labelsText(own) === otherKey + labelsText(other)).toBe(isEqual)
      }),
    )
  })

  test('a value with = and a name without it cannot be taken for each other', () => {
    expect(labelsText({ a: 'b=c' })).not.toBe(labelsText({ 'a.b': 'c' }))
    expect(labelsOf(`k${labelsText({ a: 'b=c', d: '=' })}`)).toEqual({ a: 'b=c', d: '=' })
  })

  test('a name such as __proto__ is a label like any other', () => {
    const own = JSON.parse('{"__proto__":"x","constructor":"y"}')
    expect(labelFaults(own)).toEqual([])
    expect(Object.entries(labelsOf(`k${labelsText(own)}`) ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })

  test('slices of a key follow it with no other key between them, and none is a slice of another key', () => {
    fc.assert(
      fc.property(key, labels, key, (k, own, other) => {
        const slice = k + labelsText(own)
        if (other !== k) expect(other > k && other < slice).toBe(false)
        expect(isSliceOf(slice, other)).toBe(other === k)
        expect(isSliceOf(other, k)).toBe(other === k)
      }),
    )
  })

  test('no client can name the overflow slice', () => {
    expect(isOverflow(`k${OVERFLOW}`)).toBe(true)
    expect(labelFaults(labelsOf(`k${OVERFLOW}`))).toEqual([
      { name: 'sumdial.overflow', message: expect.stringContaining("Sumdial's own") },
    ])
    fc.assert(fc.property(key, labels, (k, own) => !isOverflow(k + labelsText(own))))
  })
})

function sorted(own: Readonly<Record<string, string>>) {
  return Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1))
}
