import { z } from 'zod'
import { AHEAD_MS_MAX, CLOSE_GRACE_MS, ID_BYTES_MAX, KEY_BYTES_MAX, RETIRE_GRACE_MS } from '../limits.ts'
import { check } from './check.ts'
import type { Hour } from './hour.ts'
import { formatHour, hourEndMs, hourOf } from './hour.ts'
import { parseRfc3339 } from './instant.ts'
import type { Fields, Item } from './item.ts'
import { goodItem, isPlainKey } from './item.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'
import { valueAt } from './schedule.ts'
import { utf8Bytes } from './utf8.ts'

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

/** What is wrong with one item of a request. `path` names the field, empty for the item itself. */
export type ItemError = { readonly index: number; readonly path: string; readonly message: string }

const CONTROL = /\p{Cc}/u

/** Why a key is refused, in words for the one who sent it; undefined for a good one. */
export function keyFault(key: string): string | undefined {
  if (key === '') return 'must not be empty'
  if (!key.isWellFormed()) return 'must be well-formed Unicode: it has a lone surrogate'
  if (CONTROL.test(key)) return 'must not have control characters'
  const bytes = utf8Bytes(key)
  return bytes > KEY_BYTES_MAX
    ? `must have at most ${KEY_BYTES_MAX} bytes in UTF-8; it has ${bytes}`
    : undefined
}

/** Why a value is refused; undefined for a good one. */
function valueFault(value: number, mayAdjust: boolean): string | undefined {
  if (value === 0) return 'must be at least 1: zero would count an increment that adds nothing'
  if (!Number.isInteger(value)) return WHOLE
  if (value < 0 && !mayAdjust) return 'must be positive: a negative value takes the scope adjust'
  if (Number.isSafeInteger(value)) return undefined
  return value > 0
    ? `must be at most ${Number.MAX_SAFE_INTEGER}`
    : `must be at least ${Number.MIN_SAFE_INTEGER}`
}

const WHOLE = 'must be a whole number: count in the smallest unit'

const AT =
  'must be an RFC 3339 time such as 2026-11-21T20:15:00Z, or whole epoch milliseconds, of years 1000 to 9998'

/** What RFC 3339, JavaScript and Postgres all write alike, with room for a range around it. */
const EARLIEST_MS = Date.UTC(1000, 0)
const LATEST_MS = Date.UTC(9999, 0)

function instantOf(at: unknown): number | undefined {
  const ms = typeof at === 'string' ? parseRfc3339(at) : at
  return Number.isInteger(ms) && Number(ms) >= EARLIEST_MS && Number(ms) < LATEST_MS ? Number(ms) : undefined
}

/** A time as requests write it; epoch ms as output. */
export const instantSchema = z.union([z.number(), z.string()], { error: AT }).transform((at, ctx): number => {
  const ms = instantOf(at)
  if (ms !== undefined) return ms
  ctx.addIssue({ code: 'custom', message: AT })
  return z.NEVER
})

/** Why an id is refused; undefined for a good one. */
export function idFault(id: string): string | undefined {
  if (id === '') return 'must not be empty'
  if (!id.isWellFormed() || CONTROL.test(id)) return 'must be well-formed Unicode without control characters'
  return utf8Bytes(id) > ID_BYTES_MAX ? `must have at most ${ID_BYTES_MAX} bytes in UTF-8` : undefined
}

/** The time that a UUID of version 7 begins with, in epoch ms; undefined for any other text. Source: RFC 9562, 5.7. */
function timeOfUuid(id: string): number | undefined {
  const hex = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id)
  return hex === null ? undefined : Number.parseInt(`${hex[1]}${hex[2]}`, 16)
}

/** What zod cannot tell of a check in a function, for the description of the API. */
const KEY_META = {
  description: `A path-like name, \`/\` between segments: 1 to ${KEY_BYTES_MAX} bytes of UTF-8 without control characters.`,
  example: 'site/example.com/pricing',
  override: { minLength: 1, maxLength: KEY_BYTES_MAX },
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

/** A key, wherever one is asked for. */
export const keySchema = z.string({ error: 'must be a string' }).check(check(keyFault)).meta(KEY_META)

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

const NOT_BOTH = 'must not stand beside an Idempotency-Key: name the increments or the request, not both'

const AT_REQUIRED =
  'at_required: with an id or Idempotency-Key, at must be given (or be in the name, as a UUID of version 7), ' +
  'for a retry that comes in another hour would otherwise be another increment'

/**
 * The name of a whole request: `Idempotency-Key: "..."`, quoted or bare.
 *
 * @returns undefined without the header.
 */
export function parseIdempotencyKey(header: string | null): string | undefined | Problem {
  if (header === null) return undefined
  const key = /^"(.*)"$/.exec(header.trim())?.[1] ?? header.trim()
  const fault = idFault(key)
  if (fault === undefined) return key
  return { kind: 'invalid_parameter', parameter: 'Idempotency-Key', detail: `Idempotency-Key ${fault}.` }
}

function describe(issue: z.core.$ZodIssue): Fault {
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => JSON.stringify(name.slice(0, 64))).join(', ')
    return { path: '', message: `has unknown fields: ${names}. Known are key, value, at, id` }
  }
  if (issue.code === 'invalid_type' && issue.path.length === 0)
    return { path: '', message: 'must be an object' }
  return { path: issue.path.join('.'), message: issue.message }
}

/** When the edge stops taking increments of an hour, in epoch ms. */
export function edgeClosesMs(hour: Hour, lateHours: Schedule): number {
  return hourEndMs(hour) + valueAt(lateHours, hour) * 3_600_000
}

/** When the hour's shard does: later than every edge, whose clocks may differ. */
export function shardClosesMs(hour: Hour, lateHours: Schedule): number {
  return edgeClosesMs(hour, lateHours) + CLOSE_GRACE_MS
}

/** From when a shard that holds nothing may retire. */
export function retireAtMs(hour: Hour, lateHours: Schedule): number {
  return edgeClosesMs(hour, lateHours) + RETIRE_GRACE_MS
}

function timeFault(atMs: number, lateHours: Schedule, nowMs: number): string | undefined {
  if (atMs > nowMs + AHEAD_MS_MAX) return `must be at most ${AHEAD_MS_MAX / 60_000} minutes ahead of now`
  const hour = hourOf(atMs)
  if (nowMs < edgeClosesMs(hour, lateHours)) return undefined
  const late = valueAt(lateHours, hour)
  return `must be in an open hour: ${formatHour(hour)} is a closed hour, for it ended more than ${late} hours ago`
}
