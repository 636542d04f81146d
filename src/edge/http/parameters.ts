import { z } from 'zod'
import type { Hour } from '../../model/hour.ts'
import { parseHour } from '../../model/hour.ts'
import { instantSchema } from '../../model/instant.ts'
import type { Problem } from './problem.ts'

/** As `at` in an increment, but in a query everything is text. */
export const instantText = z
  .string()
  .transform((text) => (/^-?\d{1,16}$/.test(text) ? Number(text) : text))
  .pipe(instantSchema)

/** An hour in a query or a path. */
export const hourText = z.string().transform((text, ctx): Hour => {
  const hour = parseHour(text)
  if (hour !== undefined) return hour
  ctx.addIssue({ code: 'custom', message: 'must be of the form 2026-11-21T20Z' })
  return z.NEVER
})

/** A whole number in a query. */
export function wholeText(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, { error, abort: true })
    .meta({
      // What it is to those who write it, whatever a query is made of.
      override: ({ jsonSchema }: { jsonSchema: object }) =>
        Object.assign(jsonSchema, { type: 'integer', minimum: min, maximum: max, pattern: undefined }),
    })
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error))
}

/** Parameters as they were asked with: a query string as in a URL, or the same by name, not checked either. */
export type Asked = string | Readonly<Record<string, unknown>>

/**
 * Parameters: none but the schema's, and in a query string each at most once but for those that it has as an array.
 *
 * @param more parameters that stand elsewhere, such as in the path.
 */
export function parseParameters<S extends z.ZodObject>(
  asked: Asked,
  schema: S,
  more: Readonly<Record<string, unknown>> = {},
): { readonly parameters: z.output<S> } | Problem {
  if (typeof asked === 'string') return parseSearch(asked, schema, more)
  return checkParameters({ ...asked, ...more }, schema)
}

function parseSearch<S extends z.ZodObject>(
  rawSearch: string,
  schema: S,
  more: Readonly<Record<string, unknown>>,
): { readonly parameters: z.output<S> } | Problem {
  const pairs = rawSearch
    .replace(/^\?/, '')
    .split('&')
    .filter((pair) => pair !== '')
  // URLSearchParams would take what is not UTF-8 for U+FFFD, and answer for another text than was asked.
  const broken = pairs.find((pair) => !isPercentEncodedUtf8(pair))
  if (broken !== undefined) return invalid(nameOf(broken), 'is not percent-encoded UTF-8')
  const given = new Map<string, string | string[]>()
  for (const pair of pairs) {
    const name = decode(nameOf(pair))
    const value = decode(pair.slice(nameOf(pair).length + 1))
    const before = given.get(name)
    if (Array.isArray(before)) before.push(value)
    else if (before !== undefined || Object.hasOwn(more, name))
      return invalid(name, 'is given more than once')
    else given.set(name, isRepeatable(schema, name) ? [value] : value)
  }
  return checkParameters({ ...Object.fromEntries(given), ...more }, schema)
}

function checkParameters<S extends z.ZodObject>(
  given: Readonly<Record<string, unknown>>,
  schema: S,
): { readonly parameters: z.output<S> } | Problem {
  const parsed = schema.safeParse(given)
  return parsed.success ? { parameters: parsed.data } : invalidOf(parsed.error, Object.keys(schema.shape))
}

function isRepeatable({ shape }: z.ZodObject, name: string): boolean {
  const field: unknown = Object.hasOwn(shape, name) ? shape[name] : undefined
  return (field instanceof z.ZodOptional ? field.unwrap() : field) instanceof z.ZodArray
}

/** Of a pair in a query string; not decoded. */
function nameOf(pair: string): string {
  const end = pair.indexOf('=')
  return end === -1 ? pair : pair.slice(0, end)
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function isPercentEncodedUtf8(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function invalidOf(error: z.ZodError, known: readonly string[]): Problem {
  const [issue] = error.issues
  if (issue?.code === 'unrecognized_keys') {
    return invalid(issue.keys[0] ?? '', `is not known here. Known are ${known.join(', ')}`)
  }
  return invalid(String(issue?.path[0] ?? ''), issue?.message ?? 'is invalid')
}

export function invalid(parameter: string, message: string): Problem {
  return { kind: 'invalid_parameter', parameter, detail: `${parameter} ${message}.` }
}
