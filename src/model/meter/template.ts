import { keyFault } from '../key.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { compileFilter, type Filter, splitOnce } from './filters.ts'
import { compilePath, type Path } from './path.ts'

/** A record lacks a field that a template needs. `message` is a clause such as `is missing`. */
export type Lack = { readonly path: string; readonly message: string }

/** A field of a record, and the filters that it goes through: `{ClientRequestURI|path}`. */
export type Placeholder = {
  /** As written, without braces. */
  readonly text: string
  /** The field's name. */
  readonly name: string
  readonly read: (record: unknown) => string | Lack
  /** Reads the field as it is; null when filters change it. */
  readonly raw: Path | null
}

/** `requests/{host}{uri|path}`: a text in which fields of a record take the place of what is in braces. */
export type Template = {
  readonly placeholders: readonly Placeholder[]
  /** Reads the one field that the template is, as it is; null for any other template. */
  readonly lone: Path | null
  readonly read: (record: unknown) => string | Lack
}

/**
 * Compiles a template. docs/meters.md explains the language.
 *
 * @param mayBeEmpty whether a field that is there may be an empty text. Otherwise it is as good as missing.
 * @returns what is wrong with the template, as a clause.
 */
export function compileTemplate(template: string, mayBeEmpty = false): Result<Template, string> {
  const pieces = template.split(/\{([^{}]*)\}/)
  const fixed = pieces.filter((_, i) => i % 2 === 0)
  if (fixed.some((text) => /[{}]/.test(text))) return fail('a brace is left over')
  const placeholders: Placeholder[] = []
  for (const [i, text] of pieces.entries()) {
    if (i % 2 === 0) continue
    const placeholder = compilePlaceholder(text, mayBeEmpty)
    if (!placeholder.ok) return placeholder
    placeholders.push(placeholder.value)
  }
  const fault = keyFault(fixed.join(''))
  // A template of placeholders alone has nothing fixed.
  if (fault !== undefined && (fixed.join('') !== '' || placeholders.length === 0)) return fail(fault)
  const [first, ...others] = placeholders
  if (first !== undefined && others.length === 0 && fixed.join('') === '') {
    return ok({ placeholders, lone: first.raw, read: first.read })
  }
  return ok({ placeholders, lone: null, read: (record) => fill(fixed, placeholders, record) })
}

function fill(
  fixed: readonly string[],
  placeholders: readonly Placeholder[],
  record: unknown,
): string | Lack {
  let text = fixed[0] ?? ''
  for (let i = 0; i < placeholders.length; i++) {
    const field = placeholders[i]?.read(record) ?? ''
    if (typeof field !== 'string') return field
    text += field + (fixed[i + 1] ?? '')
  }
  return text
}

/** Compiles the text between two braces: a path, and filters behind it. */
export function compilePlaceholder(text: string, mayBeEmpty = false): Result<Placeholder, string> {
  const [name = '', ...filters] = text.split('|')
  if (name === '') return fail('braces must hold the name of a field: {path}')
  const path = compilePath(name)
  const compiled: Filter[] = []
  let otherwise: string | undefined
  for (const filter of filters) {
    const [word, argument] = splitOnce(filter, ':')
    if (word === 'or') {
      if (argument === undefined || argument === '')
        return fail('the filter or takes a text: {country|or:unknown}')
      otherwise = argument
      continue
    }
    const made = compileFilter(filter)
    if (!made.ok) return made
    compiled.push(made.value)
  }
  const raw = filters.length === 0 ? path : null
  const lacking = (value: unknown): string | Lack => otherwise ?? { path: name, message: whyMissing(value) }
  const read = (record: unknown): string | Lack => {
    const value = path(record)
    let field = textOf(value)
    for (let i = 0; i < compiled.length && field !== undefined; i++) field = compiled[i]?.(field)
    return field === undefined || (field === '' && !mayBeEmpty) ? lacking(value) : field
  }
  return ok({ text, name, raw, read })
}

/**
 * The text of a field; undefined for what has none. Fields that are no JSON have one too: OTLP has integers of 64 bits, and
 * messages of a queue have times.
 */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  const isScalar = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
  return isScalar ? String(value) : undefined
}

function whyMissing(value: unknown): string {
  if (value === undefined || value === null) return 'is missing'
  return typeof value === 'object' ? 'must be a text or a number, and is an object or array' : 'is empty'
}
