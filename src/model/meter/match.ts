import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { compilePlaceholder, type Placeholder } from './template.ts'

/**
 * The texts that each field may have. One that ends with `*` stands for all texts that begin alike, and the empty one for a
 * field that is missing.
 */
export type Conditions = Readonly<Record<string, readonly string[]>>

/** Whether a record fulfils all conditions. */
export type Matches = (record: unknown) => boolean

/** Compiles conditions by field, each with filters or without: `{ "type": ["track"], "url|path": ["/blog/*"] }`. */
export function compileMatch(conditions: Conditions): Result<Matches, string> {
  const tests: Matches[] = []
  for (const [field, texts] of Object.entries(conditions)) {
    const placeholder = compilePlaceholder(field)
    if (!placeholder.ok) return fail(placeholder.error)
    tests.push(testOf(placeholder.value, texts))
  }
  return ok((record) => tests.every((test) => test(record)))
}

function testOf({ read }: Placeholder, texts: readonly string[]): Matches {
  const exact = new Set(texts.filter((text) => !text.endsWith('*')))
  const beginnings = texts.filter((text) => text.endsWith('*')).map((text) => text.slice(0, -1))
  return (record) => {
    const field = read(record)
    const text = typeof field === 'string' ? field : ''
    if (exact.has(text)) return true
    return text !== '' && beginnings.some((beginning) => text.startsWith(beginning))
  }
}
