import { z } from 'zod'
import { AHEAD_MS_MAX, ID_BYTES_MAX } from '../../limits.ts'
import { edgeClosesMs } from '../../model/closing.ts'
import type { Hour } from '../../model/hour.ts'
import { formatHour, hourOf } from '../../model/hour.ts'
import { instantOf, instantSchema } from '../../model/instant.ts'
import { check, idFault, keyFault, keySchema } from '../../model/key.ts'
import type { Schedule } from '../../model/schedule.ts'
import { valueAt } from '../../model/schedule.ts'
import type { ItemError } from '../http/problem.ts'
import type { Fields, Item } from './item.ts'
import { goodItem, isPlainKey } from './item.ts'

/** A checked increment, with the hour that it counts in. */
export type Increment = {
  readonly key: string
  readonly value: number
  readonly hour: Hour
  readonly id?: string
}

/** When it arrived, in epoch ms, how long hours stay open, what it may hold, and by what name the whole request goes. */
export type Arrival = {
  readonly nowMs: number
  readonly lateHours: Schedule
  /** Whether values may be negative: its token has the scope `adjust`. */
  readonly mayAdjust?: boolean | undefined
  readonly idempotencyKey?: string | undefined
}

/** Why a value is refused; undefined for a good one. */
function valueFault(value: number, mayAdjust: boolean): string | undefined {
  if (value === 0) return 'must not be 0, because that adds nothing'
  if (!Number.isInteger(value)) return WHOLE
  if (value < 0 && !mayAdjust) return 'must be positive: negative values require scope `adjust`'
  if (Number.isSafeInteger(value)) return undefined
  return value > 0
    ? `must be at most ${Number.MAX_SAFE_INTEGER}`
    : `must be at least ${Number.MIN_SAFE_INTEGER}`
}

const WHOLE = 'must be a whole number: count in the smallest unit, such as cents'

/** The time that a UUID of version 7 begins with, in epoch ms; undefined for any other text. Source: RFC 9562, 5.7. */
function timeOfUuid(id: string): number | undefined {
  const hex = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id)
  return hex === null ? undefined : Number.parseInt(`${hex[1]}${hex[2]}`, 16)
}

const VALUE_META = {
  description: 'A whole number other than 0; a negative one needs the scope `adjust`.',
  override: {
    type: 'integer',
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
    not: { const: 0 },
  },
} as const

const AT_META = {
  description:
    `When it happened: RFC 3339 or epoch milliseconds, at most ${AHEAD_MS_MAX / 60_000} minutes ahead, in an open ` +
    'hour. Now by default; with an id it must be given, unless the id is a UUID of version 7.',
  example: '2026-11-21T20:15:00Z',
}

const ID_META = {
  description: 'The same id of the same key and hour counts once, ever: at most 64 bytes of UTF-8.',
  override: { minLength: 1, maxLength: ID_BYTES_MAX },
}

function schemaFor(mayAdjust: boolean) {
  return z.strictObject({
    key: keySchema,
    // zod calls an infinity no number; a JSON text can hold 1e999.
    value: z
      .number({ error: 'must be a number' })
      .check(check((value: number) => valueFault(value, mayAdjust)))
      .meta(VALUE_META)
      .default(1),
    at: instantSchema.optional().meta(AT_META),
    id: z.string({ error: 'must be a string' }).check(check(idFault)).optional().meta(ID_META),
  })
}

/** One item of `POST /increment`, as it is on the wire. Unknown fields are refused: a typo must not count 1. */
export const incrementSchema = schemaFor(true).meta({ id: 'Increment' })

/** The same without the scope `adjust`. */
const positiveSchema = schemaFor(false)

function fieldsFor(mayAdjust: boolean): Fields {
  return {
    isKey: (key) => isPlainKey(key) || keyFault(key) === undefined,
    isValue: (value) => valueFault(value, mayAdjust) === undefined,
    isId: (id) => idFault(id) === undefined,
    instantOf,
  }
}

const ADJUSTING = { fields: fieldsFor(true), schema: incrementSchema }

const POSITIVE = { fields: fieldsFor(false), schema: positiveSchema }

/** The two ways to check an item, which agree. */
export function itemChecks(mayAdjust: boolean) {
  return mayAdjust ? ADJUSTING : POSITIVE
}

/**
 * Validates every item, and decides the hour of each, once: by `at`, or else by its arrival. No item is taken unless
 * all are good. [I2] [K1]
 */
export function parseIncrements(
  items: readonly unknown[],
  arrival: Arrival,
): Increment[] | { errors: ItemError[] } {
  const increments: Increment[] = []
  const errors: ItemError[] = []
  for (const [index, item] of items.entries()) {
    const parsed = parseIncrement(item, arrival)
    if ('faults' in parsed) errors.push(...parsed.faults.map((fault) => ({ index, ...fault })))
    else increments.push(parsed)
  }
  return errors.length > 0 ? { errors } : increments
}

type Fault = Omit<ItemError, 'index'>

function parseIncrement(item: unknown, arrival: Arrival): Increment | { faults: Fault[] } {
  const checked = checkItem(item, arrival.mayAdjust === true)
  if ('faults' in checked) return checked
  const { key, value, at, id } = checked
  const { nowMs, lateHours, idempotencyKey } = arrival
  if (id !== undefined && idempotencyKey !== undefined) return { faults: [{ path: 'id', message: NOT_BOTH }] }
  const name = id ?? idempotencyKey
  const atMs = at ?? (name === undefined ? nowMs : timeOfUuid(name))
  if (atMs === undefined) return { faults: [{ path: 'at', message: AT_REQUIRED }] }
  const message = timeFault(atMs, lateHours, nowMs)
  if (message !== undefined) return { faults: [{ path: 'at', message }] }
  const hour = hourOf(atMs)
  return id === undefined ? { key, value, hour } : { key, value, hour, id }
}

/** By hand, and by the schema only when that finds no good item: it tells what is wrong. */
function checkItem(item: unknown, mayAdjust: boolean): Item | { faults: Fault[] } {
  const { fields, schema } = itemChecks(mayAdjust)
  const good = goodItem(item, fields)
  if (good !== undefined) return good
  const parsed = schema.safeParse(item)
  return parsed.success ? parsed.data : { faults: parsed.error.issues.map(describe) }
}

const NOT_BOTH = 'cannot be combined with an Idempotency-Key: name each increment or the whole request'

const AT_REQUIRED =
  'at_required: give `at` with an id or Idempotency-Key (or use a UUID of version 7, which holds the time), because a ' +
  'retry in the next hour would otherwise count again'

function describe(issue: z.core.$ZodIssue): Fault {
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => JSON.stringify(name.slice(0, 64))).join(', ')
    return { path: '', message: `has unknown fields ${names}: use key, value, at and id only` }
  }
  if (issue.code === 'invalid_type' && issue.path.length === 0)
    return { path: '', message: 'must be an object' }
  return { path: issue.path.join('.'), message: issue.message }
}

function timeFault(atMs: number, lateHours: Schedule, nowMs: number): string | undefined {
  if (atMs > nowMs + AHEAD_MS_MAX) return `must be at most ${AHEAD_MS_MAX / 60_000} minutes ahead of now`
  const hour = hourOf(atMs)
  if (nowMs < edgeClosesMs(hour, lateHours)) return undefined
  const late = valueAt(lateHours, hour)
  return `must be in an open hour: ${formatHour(hour)} is a closed hour, which ended more than ${late} hours ago`
}
