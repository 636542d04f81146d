import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { visible } from '../../../src/dashboard/data/visible.ts'
import { keys } from '../../support/arbitraries.ts'

/** Characters that a page drops, cannot show, or that turn the text around them. */
const odd = fc
  .array(
    fc.constantFrom(' ', 'a', '/', '\u00a0', '\u200b', '\u202e', '\u2069', '\u3000', '\ufeff', '␣', '⟨', '⟩'),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''))

/** As an HTML page does with a text. */
const asOnPage = (text: string) => text.replace(/ +/g, ' ').trim()

describe('a key on the page', () => {
  test.each([
    ['site/a b', 'site/a b'],
    ['site/a  b', 'site/a␣␣b'],
    ['site/a ', 'site/a␣'],
    [' site', '␣site'],
    ['a\u00a0b', 'a⟨U+00A0⟩b'],
    ['a\u202eb', 'a⟨U+202E⟩b'],
    ['a\u200bb', 'a⟨U+200B⟩b'],
    ['größe/日本/שלום', 'größe/日本/שלום'],
  ])('can be read, with what cannot be seen made visible: %j is %j', (key, shown) => {
    expect(visible(key)).toBe(shown)
  })

  test('looks like no other key, whatever blanks and unseen characters they differ in', () => {
    fc.assert(
      fc.property(fc.oneof(odd, keys), fc.oneof(odd, keys), (a, b) => {
        expect(asOnPage(visible(a)) === asOnPage(visible(b))).toBe(a === b)
      }),
      { numRuns: 2_000 },
    )
  })

  test('turns no text around it: nothing that changes the direction of writing is left', () => {
    fc.assert(
      fc.property(odd, (key) => {
        expect(visible(key)).not.toMatch(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
      }),
    )
  })
})
