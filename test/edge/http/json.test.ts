import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toJson } from '../../../src/edge/http/json.ts'

const names = fc.string().filter((name) => name !== '__proto__')

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }),
    fc.jsonValue({ maxDepth: 0 }),
    fc.array(tie('value')),
    fc.dictionary(names, tie('value')),
  ),
})).value

/** Slow and plain: every part is asked for. */
function naive(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? JSON.rawJSON(String(part)) : part))
}

test('[A2] an answer is the JSON of its value, each bigint in it an integer, exact at any size', () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(toJson(value)).toBe(naive(value))
    }),
  )
  expect(toJson({ sum: 9_007_199_254_740_993n })).toBe('{"sum":9007199254740993}')
  expect(toJson([-0, undefined, { a: undefined }])).toBe('[0,null,{}]')
})
