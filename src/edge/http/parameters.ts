import { z } from 'zod'
import { FIELD_CHARACTERS_TOLD_MAX } from '../../limits.ts'
import { must } from '../../model/assert.ts'
import { parseHour } from '../../model/hour.ts'
import { check } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { AT_FAULT, instantOf } from '../../model/time/instant.ts'
import { parseDay } from '../../model/time/ranges.ts'
import type { ParameterFault, Problem } from './problem.ts'

/** A time in epoch ms, or a day of the calendar as whole days since 1970, which begins when the reader's zone says. */
export type Moment = number | { readonly day: number }

const MOMENT_FAULT = `must be a date such as 2026-11-21, or ${AT_FAULT.replace('must be ', '')}`

/** A time as `at` in an increment has it, except that a query knows only text, and takes a date too. */
export const momentText = z
  .string({ error: MOMENT_FAULT })
  .check(check(timeTextFault))
  .transform((text, ctx): Moment => {
    const day = parseDay(text)
    if (day !== undefined) return { day }
    const ms = instantOf(/^-?\d{1,16}$/.test(text) ? Number(text) : text)
    if (ms !== undefined) return ms
    ctx.addIssue({ code: 'custom', message: MOMENT_FAULT })
    return z.NEVER
  })

/** Why a time that was probably meant otherwise is refused; undefined for any other text. */
function timeTextFault(text: string): string | undefined {
  // As milliseconds these are from the first seconds of 1970 to 1973, when nothing was counted.
  if (/^\d{9,11}$/.test(text)) return `must be in milliseconds, and looks like seconds: write ${text}000`
  const [, year, month = '01', day = '01'] =
    /^((?:19|20)\d\d)(?:(0[1-9]|1[0-2])([0-2]\d|3[01]))?$/.exec(text) ?? []
  if (year !== undefined)
    return `must be in milliseconds, and looks like a date: write ${year}-${month}-${day}`
  return /T[\d:.]+ \d\d:\d\d$/.test(text)
    ? "has a space in place of the offset's `+`: write it as %2B"
    : undefined
}

/** An hour in a query or a path, such as `2026-11-21T20Z`. */
export const hourText = parsedText(parseHour, 'must be an hour in UTC such as 2026-11-21T20Z')

/**
 * A text that means something.
 *
 * @param parse returns undefined for a text that means nothing
 * @param error what it must be; also of values that are no text, which come through a binding
 */
export function parsedText<T>(parse: (text: string) => T | undefined, error: string) {
  return z.string({ error }).transform((text, ctx): T => {
    const parsed = parse(text)
    if (parsed !== undefined) return parsed
    ctx.addIssue({ code: 'custom', message: error })
    return z.NEVER
  })
}

/** A whole number in a query. */
export function wholeText(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .string({ error })
    .regex(/^\d{1,9}$/, { error, abort: true })
    .meta({
      // Documented as an integer, although it arrives as text.
      override: ({ jsonSchema }: { jsonSchema: object }) =>
        Object.assign(jsonSchema, { type: 'integer', minimum: min, maximum: max, pattern: undefined }),
    })
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error))
}

/** Unchecked parameters: a query string as it is in the URL, or values by name. */
export type RawParameters = string | Readonly<Record<string, unknown>>

/**
 * Checks parameters. Only those of the schema are allowed, and in a query string each at most once, unless the schema
 * has it as an array.
 *
 * @param more parameters from elsewhere, such as from the path.
 */
export function parseParameters<S extends z.ZodObject>(
  raw: RawParameters,
  schema: S,
  more: Readonly<Record<string, unknown>> = {},
): Result<z.output<S>, Problem> {
  if (typeof raw === 'string') return parseSearch(raw, schema, more)
  return checkParameters(raw, schema, more)
}

function parseSearch<S extends z.ZodObject>(
  rawSearch: string,
  schema: S,
  more: Readonly<Record<string, unknown>>,
): Result<z.output<S>, Problem> {
  const pairs = rawSearch
    .replace(/^\?/, '')
    .split('&')
    .filter((pair) => pair !== '')
  // URLSearchParams would read bytes that are not UTF-8 as U+FFFD, and so answer for another text than was asked.
  const broken = pairs.find((pair) => decode(pair) === undefined)
  if (broken !== undefined) return invalid(nameOf(broken), NOT_UTF8)
  // An unknown name is told as one, however often it comes.
  const isKnown = (name: string) => Object.hasOwn(schema.shape, name) || Object.hasOwn(more, name)
  const given = new Map<string, string | string[]>()
  for (const pair of pairs) {
    const name = decodeForm(nameOf(pair))
    const value = decodeForm(pair.slice(nameOf(pair).length + 1))
    const before = given.get(name)
    if (Array.isArray(before)) before.push(value)
    else if (isKnown(name) && (before !== undefined || Object.hasOwn(more, name))) {
      return invalid(name, 'may be given only once')
    } else given.set(name, isRepeatable(schema, name) ? [value] : value)
  }
  return checkParameters(Object.fromEntries(given), schema, more)
}

const NO_PARAMETERS = z.strictObject({})

/** The parameter in which an address may hold a token, where requests count. `admission` has looked at it. */
export const TOKEN_PARAMETER = z.strictObject({ access_token: z.string().optional() })

/** Refuses a query where there are no such parameters, because its sender expects that it changes something. */
export function refuseQuery(url: string, parameters: z.ZodObject = NO_PARAMETERS): Problem | undefined {
  const at = url.indexOf('?')
  if (at === -1) return undefined
  const parsed = parseParameters(url.slice(at), parameters)
  return parsed.ok ? undefined : parsed.error
}

const NOT_UTF8 = 'must be percent-encoded UTF-8'

function checkParameters<S extends z.ZodObject>(
  given: Readonly<Record<string, unknown>>,
  schema: S,
  more: Readonly<Record<string, unknown>>,
): Result<z.output<S>, Problem> {
  const parsed = schema.safeParse({ ...given, ...more })
  return parsed.success ? ok(parsed.data) : invalidOf(parsed.error, (name) => adviceFor(name, schema, more))
}

/** Whether a parameter is given at all, whatever its value. */
export function isGiven(raw: RawParameters, name: string): boolean {
  return typeof raw === 'string' ? new URLSearchParams(raw).has(name) : name in raw
}

function isRepeatable({ shape }: z.ZodObject, name: string): boolean {
  const field: unknown = Object.hasOwn(shape, name) ? shape[name] : undefined
  return (field instanceof z.ZodOptional ? field.unwrap() : field) instanceof z.ZodArray
}

/** The name in a pair of a query string, still encoded. */
function nameOf(pair: string): string {
  const end = pair.indexOf('=')
  return end === -1 ? pair : pair.slice(0, end)
}

function decodeForm(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

/** Undefined for text that is not percent-encoded UTF-8. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const COUNTERS = '/counters/'

const DOT_SEGMENT = 'has a segment `.` or `..`, which URLs leave out: read such a key by /counters?key=...'

/**
 * Whether a path has a segment that a URL drops, so that another key would be answered for. Most clients and proxies have
 * dropped it before, and then nobody can tell.
 */
export function hasDotSegment(url: string): boolean {
  const [path = ''] = url.split(/[?#]/, 1)
  return /\/(\.|%2e){1,2}(\/|$)/i.test(path)
}

/** The key in a path such as `/counters/{key}`: all of its rest, in which `%2F` equals `/`. */
export function keyOfPath(url: string, base = COUNTERS): Result<string, Problem> {
  const { pathname } = new URL(url)
  if (hasDotSegment(url)) return invalid('key', DOT_SEGMENT)
  // The router matches the decoded path, so `/%63ounters/` gets here too.
  if (!pathname.startsWith(base)) return fail({ kind: 'not_found', missing: { kind: 'key_in_path', base } })
  const key = decode(pathname.slice(base.length))
  return key === undefined ? invalid('key', NOT_UTF8) : ok(key)
}

function invalidOf(error: z.ZodError, adviceFor: (unknown: string) => string) {
  // An unknown name first, because a misspelled parameter is missing as well.
  const unknown = error.issues.find((issue) => issue.code === 'unrecognized_keys')
  if (unknown !== undefined) {
    const name = must(unknown.keys[0], 'the unknown name')
    return invalid(name.slice(0, FIELD_CHARACTERS_TOLD_MAX), `is not a parameter here: ${adviceFor(name)}`)
  }
  const issue = must(error.issues[0], 'what is wrong')
  return invalid(String(must(issue.path[0], 'the name of the parameter')), issue.message)
}

/** Advises names that the query may have; those that come from the path are not among them. */
function adviceFor(name: string, schema: z.ZodObject, more: Readonly<Record<string, unknown>>): string {
  const known = Object.keys(schema.shape).filter((each) => !Object.hasOwn(more, each))
  const [array] = /^[^[]+(?=\[\d*\]$)/.exec(name) ?? []
  if (array !== undefined && known.includes(array))
    return isRepeatable(schema, array)
      ? `write \`${array}=a&${array}=b\` for several`
      : `write \`${array}=a\``
  return known.length === 0 ? 'this endpoint has none' : `use ${known.join(', ')}`
}

/** The problem that a parameter is wrong. `fault` is a clause such as `must not be empty`, without a full stop. */
export function invalid(parameter: string, fault: ParameterFault) {
  return fail<Problem>({ kind: 'invalid_parameter', parameter, fault })
}
