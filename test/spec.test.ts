import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sourceFiles, titlesIn } from './support/source-files.ts'

/** A title that cites more shows none of them in particular. */
const CITED_MAX = 3

const spec = readFileSync(join(import.meta.dirname, '../SPEC.md'), 'utf8')
const rules = idsIn(spec, /^- \*\*([A-Z]\d)\*\*/gm)

const titles = sourceFiles('test/**/*.ts').flatMap((file) =>
  titlesIn(file).map((title) => ({ path: file.path, title, cited: idsIn(title, /\[([A-Z]\d)\]/g) })),
)

function idsIn(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, id = '']) => id)
}

describe('SPEC.md', () => {
  test('has rules, each with an id of its own', () => {
    expect(rules.length).toBeGreaterThan(15)
    expect(new Set(rules).size).toBe(rules.length)
  })

  test.each(rules)(`%s has a test that shows it and at most ${CITED_MAX - 1} other rules`, (rule) => {
    const own = titles.filter(({ cited }) => cited.includes(rule) && cited.length <= CITED_MAX)
    expect(own).not.toEqual([])
  })
})

describe('the title of a test', () => {
  test('cites rules of SPEC.md alone', () => {
    expect(titles.filter(({ cited }) => cited.some((id) => !rules.includes(id)))).toEqual([])
  })

  test(`cites at most ${CITED_MAX} of them, in front of its claim`, () => {
    const inFront = /^(\[[A-Z]\d\] )*[^[]/
    const faulty = titles.filter(({ cited, title }) => cited.length > CITED_MAX || !inFront.test(title))
    expect(faulty).toEqual([])
  })
})
