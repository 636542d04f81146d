import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { prefersCsv } from '../../../src/edge/csv/accept.ts'

describe('JSON is the answer', () => {
  test.each([
    null,
    '',
    '*/*',
    'application/json',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
    'application/json, text/csv',
    'text/csv;q=0.9, application/json',
    'text/csv;q=0.5, application/*;q=0.6',
    'text/csv;q=0, */*',
    'text/csv;q=0',
    'text/*, text/csv;q=0.3, application/json;q=0.4',
    'text/csv;header=absent',
    'text/csv;charset=iso-8859-1',
    'text/csv;q=2',
    'text/csv;q=',
    'text/csv/x',
    'csv',
    ',;=/"',
    'image/png',
  ])('to %j', (accept) => {
    expect(prefersCsv(accept)).toBe(false)
  })
})

describe('CSV is the answer', () => {
  test.each([
    'text/csv',
    'TEXT/CSV',
    'text/*',
    'text/csv, */*;q=0.1',
    'text/csv, application/json;q=0.9',
    'text/csv;q=0.901, application/json;q=0.9',
    'text/csv; charset=UTF-8; header=present',
    'text/csv;charset="utf-8"',
    'text/csv;q=1.000 ; charset=utf-8',
    'text/csv;header=absent, text/csv;q=0.1',
    'application/json;q=0, */*;q=0.001',
    'text/html, text/csv',
    ' , text/csv ,',
  ])('to %j', (accept) => {
    expect(prefersCsv(accept)).toBe(true)
  })
})

/** As the standard says it: for each form, the weight of the most specific range that is there. */
function naive(weights: Readonly<Record<string, number>>): boolean {
  const weightOf = (...names: string[]) => names.flatMap((name) => weights[name] ?? [])[0] ?? 0
  const csv = weightOf('text/csv;header=present', 'text/csv', 'text/*', '*/*')
  return csv > weightOf('application/json', 'application/*', '*/*')
}

test('the most specific range decides, in whatever order they come', () => {
  const names = [
    'text/csv;header=present',
    'text/csv',
    'text/*',
    '*/*',
    'application/json',
    'application/*',
    'a/b',
  ]
  const ranges = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.constantFrom(0, 0.2, 0.75, 1)), {
    selector: ([name]) => name,
  })
  fc.assert(
    fc.property(ranges, (given) => {
      const accept = given.map(([name, weight]) => `${name};q=${weight}`).join(', ')
      expect(prefersCsv(accept)).toBe(naive(Object.fromEntries(given)))
    }),
  )
})

test('no header is too odd to be answered', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'text/csv*;q=01., "\\') }), (accept) => {
      expect(prefersCsv(accept)).toBeTypeOf('boolean')
    }),
  )
})
