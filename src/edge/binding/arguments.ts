import { z } from 'zod'
import { REQUEST_BYTES_MAX } from '../../limits.ts'
import { check, idFault } from '../../model/key.ts'
import { utf8Bytes } from '../../model/utf8.ts'
import type { Asked } from '../http/parameters.ts'
import { invalid, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import { TOO_LARGE } from '../ingest/body.ts'
import type { AskedIncrements } from '../ingest/ingest.ts'

/**
 * What came through a service binding, as the operations take it. Types say nothing here: what structured clone
 * carries can be anything, also what JSON cannot write (undefined, NaN, a bigint, a Date, a Map, a stub). A number is
 * a double before it leaves its Worker, so there is no source text whose fraction could have been lost on the way.
 */
export function askedIncrements(increments: unknown, options: unknown): AskedIncrements | Problem {
  if (!isObject(options)) return invalid('options', 'must be an object such as { idempotencyKey }')
  const parsed = parseParameters(options, optionsSchema)
  if ('kind' in parsed) return parsed
  const items: readonly unknown[] = Array.isArray(increments) ? increments : [increments]
  if (textBytes(items) > REQUEST_BYTES_MAX) return TOO_LARGE
  return { items, idempotencyKey: parsed.parameters.idempotencyKey }
}

/** What the keys and ids would take in the body of a request, which has the same bound. [I5] */
function textBytes(items: readonly unknown[]): number {
  return items.reduce((sum: number, item) => {
    if (!isObject(item)) return sum
    const texts = [item['key'], item['id']].filter((text) => typeof text === 'string')
    return texts.reduce((bytes, text) => bytes + utf8Bytes(JSON.stringify(text)), sum)
  }, 0)
}

const optionsSchema = z.strictObject({
  idempotencyKey: z.string({ error: 'must be a string' }).check(check(idFault)).optional(),
})

type AskedByName = { readonly parameters: Exclude<Asked, string> }

/** `key` is one, or an array of them. */
export function askedRead(question: unknown): (AskedByName & { readonly isOfOne: boolean }) | Problem {
  if (!isObject(question)) return invalid('question', 'must be an object such as { key }')
  const { key } = question
  const isOfOne = typeof key === 'string'
  return { parameters: numbersAsText(isOfOne ? { ...question, key: [key] } : question), isOfOne }
}

export function askedList(question: unknown): AskedByName | Problem {
  if (!isObject(question)) return invalid('question', 'must be an object such as { prefix }')
  return { parameters: numbersAsText(question) }
}

/** Parameters that are text in a query, and numbers to whoever has a choice. */
const NUMBERS: ReadonlySet<string> = new Set(['from', 'to', 'freshHours', 'depth', 'limit'])

function numbersAsText(question: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(question).map(([name, value]) => {
    return [name, NUMBERS.has(name) && typeof value === 'number' ? String(value) : value]
  })
  return Object.fromEntries(entries)
}

/** Not a Map, whose fields would all be missing, nor a stub, which has every field that is asked for. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
