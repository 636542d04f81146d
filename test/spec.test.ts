import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

const rules = Array.from(read('SPEC.md').matchAll(/^- \*\*([A-Z]\d)\*\*/gm), ([, id = '']) => id)

/** Every `[X1]` in the title of a test or of a group of tests. */
const citations = new Set(
  globSync('test/**/*.ts', { cwd: ROOT }).flatMap((path) =>
    Array.from(read(path).matchAll(/\[([A-Z]\d)\] /g), ([, id = '']) => id),
  ),
)

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

test('every rule of SPEC.md has an id of its own, and there are rules', () => {
  expect(rules.length).toBeGreaterThan(15)
  expect(new Set(rules).size).toBe(rules.length)
})

test.each(rules)('rule %s is cited by a test', (rule) => {
  expect(citations).toContain(rule)
})

test('every citation is a rule of SPEC.md', () => {
  expect([...citations].filter((id) => !rules.includes(id))).toEqual([])
})
