import { z } from 'zod'
import { AHEAD_MS_MAX, ID_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../limits.ts'
import { edgeClosesMs } from '../../model/closing.ts'
import type { Hour } from '../../model/hour.ts'
import { formatHour, hourOf } from '../../model/hour.ts'
import { check, idFault, keyFault, keySchema } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Schedule } from '../../model/schedule.ts'
import { valueAt } from '../../model/schedule.ts'
import { instantOf, instantSchema } from '../../model/time/instant.ts'
import type { ItemError, Problem } from '../http/problem.ts'
import type { CheckedIncrements, Terms } from './increments.ts'
import type { Fields, Item } from './item.ts'
import { goodItem, isPlainKey } from './item.ts'

/** Why a value is refused, in words for its sender; undefined for a good one. */
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

/** The time at the start of a UUID of version 7, in epoch ms; undefined for any other text. Source: RFC 9562, 5.7. */
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
    // zod does not take an infinity for a number, and a JSON text can hold 1e999.
    value: z
      .number({ error: 'must be a number' })
      .check(check((value: number) => valueFault(value, mayAdjust)))
      .meta(VALUE_META)
      .default(1),
    at: instantSchema.optional().meta(AT_META),
    id: z.string({ error: 'must be a string' }).check(check(idFault)).optional().meta(ID_META),
  })
}

/** The schema of one item of `POST /increment`. Unknown fields are refused, because a typo must not count 1. */
export const incrementSchema = schemaFor(true).meta({ id: 'Increment' })

/** The schema of an item for tokens without the scope `adjust`. */
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

/** The two ways to check an item, by hand and by the schema, which agree. */
export function itemChecks(mayAdjust: boolean) {
  return mayAdjust ? ADJUSTING : POSITIVE
}

/**
 * Checks every item, and decides the hour of each, once: by `at`, or else by its arrival. No item is taken unless all are
 * good; otherwise every bad item is named. [I2] [K1]
 *
 * @param idempotencyKey the name of the whole request, which is well-formed.
 */
export function checkIncrements(
  items: readonly unknown[],
  idempotencyKey: string | undefined,
  terms: Terms,
): Result<CheckedIncrements, Problem> {
  if (items.length > REQUEST_ITEMS_MAX) {
    return fail({ kind: 'too_many_items', items: items.length, itemsMax: REQUEST_ITEMS_MAX })
  }
  const keys: string[] = []
  const values: number[] = []
  const hours: Hour[] = []
  const ids: (string | undefined)[] = []
  const errors: ItemError[] = []
  for (const [index, item] of items.entries()) {
    const checked = checkIncrement(item, idempotencyKey, terms)
    if (!checked.ok) {
      for (const fault of checked.error) errors.push({ index, ...fault })
      continue
    }
    const { key, value, hour, id } = checked.value
    keys.push(key)
    values.push(value)
    hours.push(hour)
    ids.push(id)
  }
  if (errors.length > 0) return fail({ kind: 'invalid_increments', errors })
  const hasIds = ids.some((id) => id !== undefined)
  return ok({
    keys,
    values,
    isPlain: false,
    hours: sharedHour(hours) ?? hours,
    ids: hasIds ? ids : undefined,
    idempotencyKey,
  })
}

/** The one hour in a list; undefined when there are several, or none. */
function sharedHour(hours: readonly Hour[]): Hour | undefined {
  const [first] = hours
  return hours.every((hour) => hour === first) ? first : undefined
}

type Increment = Pick<Item, 'key' | 'value' | 'id'> & { readonly hour: Hour }

type Fault = Omit<ItemError, 'index'>

function checkIncrement(
  item: unknown,
  idempotencyKey: string | undefined,
  { nowMs, lateHours, mayAdjust }: Terms,
): Result<Increment, readonly Fault[]> {
  const checked = checkItem(item, mayAdjust)
  if (!checked.ok) return checked
  const { key, value, at, id } = checked.value
  if (id !== undefined && idempotencyKey !== undefined) return fail([{ path: 'id', message: NOT_BOTH }])
  const name = id ?? idempotencyKey
  const atMs = at ?? (name === undefined ? nowMs : timeOfUuid(name))
  if (atMs === undefined) return fail([{ path: 'at', message: AT_REQUIRED }])
  const message = timeFault(atMs, lateHours, nowMs)
  if (message !== undefined) return fail([{ path: 'at', message }])
  return ok({ key, value, hour: hourOf(atMs), id })
}

/** Checks an item by hand, and by the schema only when that finds no good item, because the schema tells what is wrong. */
function checkItem(item: unknown, mayAdjust: boolean): Result<Item, readonly Fault[]> {
  const { fields, schema } = itemChecks(mayAdjust)
  const good = goodItem(item, fields)
  if (good !== undefined) return ok(good)
  const parsed = schema.safeParse(item)
  return parsed.success ? ok(parsed.data) : fail(parsed.error.issues.map(describe))
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
