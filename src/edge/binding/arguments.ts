import { z } from 'zod'
import { REQUEST_BYTES_MAX } from '../../limits.ts'
import type { Grant } from '../../model/access/grant.ts'
import { bindingSchema } from '../../model/access/grant.ts'
import { check, idFault } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { utf8Bytes } from '../../model/text/utf8.ts'
import { TOO_LARGE } from '../http/bounded-body.ts'
import type { RawParameters } from '../http/parameters.ts'
import { invalid, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Terms } from '../ingest/check.ts'
import type { CheckedIncrements } from '../ingest/checked-increments.ts'
import { checkIncrements } from '../ingest/checked-increments.ts'

/**
 * The grant of a service binding, from the `props` that the other Worker's configuration gives it. A binding needs no
 * token, because only the owner of the account can make one. It may count and read all keys unless its props say less;
 * negative values, which cannot be undone when they are a mistake, only if its props name that scope.
 */
export function grantOfProps(props: unknown): Result<Grant, Problem> {
  const parsed = bindingSchema.safeParse(props ?? {})
  if (parsed.success) return ok(parsed.data)
  const faults = parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)} ${message}`.trim())
  return fail({ kind: 'not_configured', where: 'binding', faults })
}

/**
 * Reads and checks increments that came through a service binding. The caller's types prove nothing: structured clone
 * carries anything, values that JSON cannot write included (undefined, NaN, a bigint, a Date, a Map, a stub). A number
 * is already a double in the Worker that sends it, so no fraction can have been lost on the way here.
 */
export function readIncrementArguments(
  increments: unknown,
  options: unknown,
  terms: Terms,
): Result<CheckedIncrements, Problem> {
  if (!isObject(options)) return invalid('options', 'must be an object such as { idempotencyKey }')
  const parsed = parseParameters(options, optionsSchema)
  if (!parsed.ok) return parsed
  const items: readonly unknown[] = Array.isArray(increments) ? increments : [increments]
  if (textBytes(items) > REQUEST_BYTES_MAX) return fail(TOO_LARGE)
  return checkIncrements(items, parsed.value.idempotencyKey, terms)
}

/** The bytes that the keys, ids and labels would take in the body of a request, which has the same bound. [I5] */
function textBytes(items: readonly unknown[]): number {
  return items.reduce((sum: number, item) => {
    if (!isObject(item)) return sum
    const labels = isObject(item['labels']) ? Object.entries(item['labels']).flat() : []
    const texts = [item['key'], item['id'], ...labels].filter((text) => typeof text === 'string')
    return texts.reduce((bytes, text) => bytes + utf8Bytes(JSON.stringify(text)), sum)
  }, 0)
}

const optionsSchema = z.strictObject({
  idempotencyKey: z.string({ error: 'must be a string' }).check(check(idFault)).optional(),
})

type NamedParameters = Exclude<RawParameters, string>

/** The parameters of a read; `key` is a text or an array of texts. */
export function readArguments(
  question: unknown,
): Result<{ readonly parameters: NamedParameters; readonly isOfOne: boolean }, Problem> {
  if (!isObject(question)) return invalid('question', 'must be an object such as { key }')
  const { key } = question
  const isOfOne = typeof key === 'string'
  return ok({ parameters: numbersAsText(isOfOne ? { ...question, key: [key] } : question), isOfOne })
}

export function listArguments(question: unknown): Result<NamedParameters, Problem> {
  if (!isObject(question)) return invalid('question', 'must be an object such as { prefix }')
  return ok(numbersAsText(question))
}

/** The parameters of a read of a prefix. HTTP requires a bucket or range only because of what its address was before. */
export function prefixArguments(question: unknown): Result<NamedParameters, Problem> {
  if (!isObject(question)) return invalid('question', 'must be an object such as { prefix }')
  const bucket = question['bucket'] ?? (question['range'] === undefined ? 'hour' : undefined)
  return ok(numbersAsText(bucket === undefined ? question : { ...question, bucket }))
}

/** Parameters that are text in a query, and may be numbers here. */
const NUMBERS: ReadonlySet<string> = new Set(['from', 'to', 'freshHours', 'depth', 'limit'])

function numbersAsText(question: NamedParameters): NamedParameters {
  const entries = Object.entries(question).map(([name, value]) => {
    return [name, NUMBERS.has(name) && typeof value === 'number' ? String(value) : value]
  })
  return Object.fromEntries(entries)
}

/** Whether a value is a plain object: a Map would miss all fields, and a stub would have every field. */
function isObject(value: unknown): value is NamedParameters {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
