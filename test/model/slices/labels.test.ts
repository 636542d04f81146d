import { describe, expect, test } from 'vitest'
import { labelFaults, sliceFault } from '../../../src/model/slices/labels.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'

const of = (labels: unknown) => labelFaults(labels).map(({ name, message }) => [name, message])

describe('the faults of labels', () => {
  test('name the label, and say what is wrong with it', () => {
    expect(of({ plan: 'pro', 'a.b/c-d_e': 'x' })).toEqual([])
    expect(of({})).toEqual([])
    expect(of({ '1st': 'x' })).toEqual([['1st', expect.stringContaining('must begin with a letter or _')]])
    expect(of({ 'a b': 'x' })[0]).toEqual(['a b', expect.stringContaining('letters, digits')])
    expect(of({ '': 'x' })[0]).toEqual(['', expect.stringContaining('must begin with a letter or _')])
    expect(of({ 'sumdial.x': 'y' })[0]).toEqual(['sumdial.x', expect.stringContaining("Sumdial's own")])
    expect(of({ plan: '' })).toEqual([['plan', 'must not be empty: leave the label out']])
    expect(of({ plan: 5 })).toEqual([['plan', 'must be a string']])
    expect(of({ plan: 'a\u001fb=c' })[0]?.[1]).toContain('control characters')
    expect(of({ plan: '\ud800' })[0]?.[1]).toContain('well-formed')
    expect(of([])[0]).toEqual([undefined, expect.stringContaining('must be an object of texts')])
    expect(of(null)[0]?.[0]).toBe(undefined)
  })

  test('are found on both sides of each bound', () => {
    const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`n${i}`, 'v']))
    expect(of(many(8))).toEqual([])
    expect(of(many(9))).toEqual([[undefined, 'may have at most 8 labels, and has 9']])
    expect(of({ ['n'.repeat(64)]: 'v' })).toEqual([])
    expect(of({ ['n'.repeat(65)]: 'v' })[0]?.[1]).toContain('more than 64 characters')
    expect(of({ n: 'ü'.repeat(64) })).toEqual([])
    expect(of({ n: `${'ü'.repeat(64)}x` })[0]?.[1]).toBe('must have at most 128 bytes of UTF-8, and has 129')
  })

  test('a key and its labels have at most 1,024 bytes together, with six for the mark before each label', () => {
    const labels = labelsText({
      a: 'x'.repeat(128),
      b: 'x'.repeat(128),
      c: 'x'.repeat(128),
      d: 'x'.repeat(104),
    })
    // 4 labels of 2 + 6 bytes besides their values.
    expect(sliceFault('k'.repeat(504), labels)).toBe(undefined)
    expect(sliceFault('k'.repeat(505), labels)).toContain(
      'at most 1024 bytes together with the key, and have 1025',
    )
  })
})
