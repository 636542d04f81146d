import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../../src/model/text/utf8.ts'

test('texts are in the order of their bytes, characters beyond the first plane above all others', () => {
  const texts = fc.string({
    unit: fc.constantFrom('a', 'b', 'é', '漢', 'ａ', '\uE000', '\uFFFD', '𝄞', '\u{10FFFF}'),
    maxLength: 4,
  })
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { numRuns: 1_000 },
  )
})
