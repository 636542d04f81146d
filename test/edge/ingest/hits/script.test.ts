import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { HIT_SCRIPT } from '../../../../src/edge/ingest/hits/script.ts'

/** A browser shows the rest: test/browser/hit-tag.long.test.ts and hits.long.test.ts. */
test('the script of page views is under 1 kB as it travels, and reads and keeps nothing of its visitor', () => {
  expect(gzipSync(HIT_SCRIPT).length).toBeLessThan(1_000)
  expect(HIT_SCRIPT).not.toMatch(/cookie|storage|indexedDB|screen|language|referrer|plugins|canvas/i)
})
