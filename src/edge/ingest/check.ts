import { z } from 'zod'
import { AHEAD_MS_MAX, FIELD_CHARACTERS_TOLD_MAX, FIELDS_TOLD_MAX, ID_BYTES_MAX } from '../../limits.ts'
import { edgeClosesMs } from '../../model/closing.ts'
import type { Hour } from '../../model/hour.ts'
import { formatHour, hourOf } from '../../model/hour.ts'
import { check, idFault, keyFault, keySchema } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Schedule } from '../../model/schedule.ts'
import { valueAt } from '../../model/schedule.ts'
import { areLabels, sliceFault } from '../../model/slices/labels.ts'
import type { Labels } from '../../model/slices/slice.ts'
import { labelsText } from '../../model/slices/slice.ts'
import { AT_FAULT, instantOf } from '../../model/time/instant.ts'
import type { ItemError } from '../http/problem.ts'
import { labelsSchema } from './labels.ts'

/** The schema of a time in a request. Its output is epoch ms. */
const instantSchema = z.union([z.number(), z.string()], { error: AT_FAULT }).transform((at, ctx): number => {
  const ms = instantOf(at)
  if (ms !== undefined) return ms
  ctx.addIssue({ code: 'custom', message: AT_FAULT })
  return z.NEVER
})

/** The terms by which increments are checked. */
export type Terms = {
  /** When the request arrived, in epoch ms. */
  readonly nowMs: number
  /** How long hours stay open. */
  readonly lateHours: Schedule
  /** Whether values may be negative, which takes the scope `adjust`. */
  readonly mayAdjust: boolean
}

/** One item of `POST /increment`, checked by itself; `at` in epoch ms. */
type Item = {
  readonly key: string
  readonly value: number
  readonly at?: number | undefined
  readonly id?: string | undefined
  readonly labels?: Labels | undefined
}

/** Why a value is refused, in words for its sender; undefined for a good one. */
export function valueFault(value: number, mayAdjust: boolean): string | undefined {
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

/** One spelling for the UUIDs of version 7 that are equal, because they may be written in either case. Source: RFC 9562, 4. */
export function spellId(id: string): string {
  return id.length === 36 && timeOfUuid(id) !== undefined ? id.toLowerCase() : id
}

const VALUE_META = {
  description: 'A whole number other than 0; a negative one needs the scope `adjust`. 1 by default.',
  // Without `default`, because generators of types take a field with a default for one that must be given.
  override: ({ jsonSchema }: { jsonSchema: object }) =>
    Object.assign(jsonSchema, {
      type: 'integer',
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      not: { const: 0 },
      default: undefined,
    }),
}

const AT_META = {
  description:
    `When it happened: RFC 3339 or epoch milliseconds, at most ${AHEAD_MS_MAX / 60_000} minutes ahead, in an open ` +
    'hour, such as 2026-11-21T20:15:00Z while that is open. Now by default; with an id it must be given, unless the id ' +
    'is a UUID of version 7.',
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
      .default(1)
      .meta(VALUE_META),
    at: instantSchema.optional().meta(AT_META),
    id: z.string({ error: 'must be a string' }).check(check(idFault)).optional().meta(ID_META),
    labels: labelsSchema.optional(),
  })
}

/** The schema of one item of `POST /increment`. Unknown fields are refused, because a typo must not count 1. */
export const incrementSchema = schemaFor(true).meta({ id: 'Increment' })

const positiveSchema = schemaFor(false)

/** The schema by which an item is checked, which depends on the scope `adjust`. */
export function itemSchema(mayAdjust: boolean) {
  return mayAdjust ? incrementSchema : positiveSchema
}

/**
 * Checks an item by hand, because zod takes as long as all the rest of an array's way to its flight. This only finds
 * out that an item is good; the schema says what is wrong with any other.
 *
 * @returns a good item as the schema would make it; undefined for any other.
 */
export function goodItem(item: unknown, mayAdjust: boolean): Item | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
  let key: unknown
  let value: unknown = 1
  let at: unknown
  let id: unknown
  let labels: unknown
  for (const name in item) {
    const field: unknown = (item as Record<string, unknown>)[name]
    if (name === 'key') key = field
    // Structured clone carries a field that is undefined, which is as good as none.
    else if (name === 'value') value = field === undefined ? 1 : field
    else if (name === 'at') at = field
    else if (name === 'id') id = field
    else if (name === 'labels') labels = field
    else return undefined
  }
  if (typeof key !== 'string' || keyFault(key) !== undefined) return undefined
  if (typeof value !== 'number' || valueFault(value, mayAdjust) !== undefined) return undefined
  if (id !== undefined && (typeof id !== 'string' || idFault(id) !== undefined)) return undefined
  const atMs = at === undefined ? undefined : instantOf(at)
  if (at !== undefined && atMs === undefined) return undefined
  if (labels === undefined) {
    if (atMs === undefined) return id === undefined ? { key, value } : { key, value, id }
    return id === undefined ? { key, value, at: atMs } : { key, value, at: atMs, id }
  }
  return areLabels(labels) ? { key, value, at: atMs, id, labels } : undefined
}

/** A checked item with the hour that it counts in. */
type Increment = Pick<Item, 'key' | 'value' | 'id'> & {
  readonly hour: Hour
  /** In `labelsText`'s form, empty without labels. */
  readonly labels: string
}

type Fault = Omit<ItemError, 'index'>

/**
 * Checks an item, and decides its hour: by `at`, or else by its arrival. [K1]
 *
 * @param idempotencyKey the name of the whole request, which is well-formed.
 * @param isTold whether the faults of a bad item are told. To find them takes zod 20 us an item.
 */
export function checkIncrement(
  item: unknown,
  idempotencyKey: string | undefined,
  { nowMs, lateHours, mayAdjust }: Terms,
  isTold: boolean,
): Result<Increment, readonly Fault[]> {
  const checked = checkItem(item, mayAdjust, isTold)
  if (!checked.ok) return checked
  const { key, value, at, id } = checked.value
  const labels = labelsText(checked.value.labels)
  const fault = (path: string, message: string) => fail(isTold ? [{ path, message }] : [])
  if (id !== undefined && idempotencyKey !== undefined) return fault('id', NOT_BOTH)
  const name = id ?? idempotencyKey
  const atMs = at ?? (name === undefined ? nowMs : timeOfUuid(name))
  if (atMs === undefined) return fault('at', AT_REQUIRED)
  const message = timeFault(atMs, lateHours, nowMs)
  if (message !== undefined) return fault('at', message)
  const tooLong = labels === '' ? undefined : sliceFault(key, labels)
  if (tooLong !== undefined) return fault('labels', tooLong)
  return ok({ key, value, hour: hourOf(atMs), id: id === undefined ? id : spellId(id), labels })
}

/**
 * Checks an item by hand, and by the schema only when that finds no good item, because the schema tells what is wrong.
 */
function checkItem(item: unknown, mayAdjust: boolean, isTold: boolean): Result<Item, readonly Fault[]> {
  const good = goodItem(item, mayAdjust)
  if (good !== undefined) return ok(good)
  return fail(isTold ? faultsOf(item, mayAdjust) : [])
}

/** The faults of an item that is not good. The schema does not see unknown fields, because it takes long over many. */
function faultsOf(item: unknown, mayAdjust: boolean): readonly Fault[] {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    return [{ path: '', message: 'must be an object' }]
  }
  const fields = Object.entries(item)
  const known = fields.filter(([name]) => FIELDS.has(name))
  const parsed = itemSchema(mayAdjust).safeParse(Object.fromEntries(known))
  const faults = parsed.success ? [] : parsed.error.issues.map(describe)
  if (known.length === fields.length) return faults
  const unknown = fields.flatMap(([name]) => (FIELDS.has(name) ? [] : [name]))
  return [...faults, { path: '', message: unknownFields(unknown) }]
}

const FIELDS: ReadonlySet<string> = new Set(['key', 'value', 'at', 'id', 'labels'])

function unknownFields(names: readonly string[]): string {
  const told = names.slice(0, FIELDS_TOLD_MAX).map((name) => {
    return JSON.stringify(name.slice(0, FIELD_CHARACTERS_TOLD_MAX))
  })
  const more = names.length - told.length
  const others = more === 0 ? '' : ` and ${more} more`
  return `has unknown fields ${told.join(', ')}${others}: use key, value, at, id and labels only`
}

const NOT_BOTH = 'cannot be combined with an Idempotency-Key: name each increment or the whole request'

const AT_REQUIRED =
  'at_required: give `at` with an id or Idempotency-Key (or use a UUID of version 7, which holds the time), because a ' +
  'retry in the next hour would otherwise count again'

function describe(issue: z.core.$ZodIssue): Fault {
  return { path: issue.path.join('.'), message: issue.message }
}

/** Epoch seconds of the years to 5138. As milliseconds they are in closed hours of 1970 to 1973. */
const SECONDS_END = 1e11

/** Why a time cannot be counted in, in words for its sender; undefined for a time in an open hour. */
export function timeFault(atMs: number, lateHours: Schedule, nowMs: number): string | undefined {
  if (atMs > nowMs + AHEAD_MS_MAX) return `must be at most ${AHEAD_MS_MAX / 60_000} minutes ahead of now`
  const hour = hourOf(atMs)
  if (nowMs < edgeClosesMs(hour, lateHours)) return undefined
  const late = valueAt(lateHours, hour)
  const hint = atMs > 0 && atMs < SECONDS_END ? '; if you sent seconds, send milliseconds' : ''
  return `must be in an open hour: ${formatHour(hour)} is a closed hour, which ended more than ${late} hours ago${hint}`
}
