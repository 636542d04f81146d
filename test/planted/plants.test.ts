import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PLANTS } from './plants.ts'
import { applyEdits, ROOT, readFiles } from './tree.ts'

/** `npm run planted` runs them; here is only whether it still could, so that an edit which breaks one is seen at once. */
describe('each planted mistake', () => {
  test.each(PLANTS)(
    '$name can still be planted: it changes its files, and they can be parsed',
    ({ edits }) => {
      const files = readFiles(ROOT, edits)
      const edited = applyEdits(files, edits)
      for (const [file, text] of files) {
        const planted = edited.get(file) ?? ''
        expect(planted).not.toBe(text)
        expect(() => file.endsWith('.ts') && stripTypeScriptTypes(planted), file).not.toThrow()
      }
    },
  )

  test.each(PLANTS)('$name names a test file, and titles that are in it', ({ suite }) => {
    const tests = readFileSync(join(ROOT, suite.file), 'utf8')
    expect(tests).toContain(suite.titles ?? '')
  })

  test('has a name of its own', () => {
    expect(new Set(PLANTS.map(({ name }) => name)).size).toBe(PLANTS.length)
  })
})
