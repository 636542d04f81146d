import { z } from 'zod'
import { check } from '../model/check.ts'
import { idFault } from '../model/increment.ts'
import type { Problem } from '../model/problem.ts'
import type { AskedIncrements } from './ingest.ts'
import type { Asked } from './parameters.ts'
import { invalid, parseParameters } from './parameters.ts'

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
  return { items, idempotencyKey: parsed.parameters.idempotencyKey }
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
