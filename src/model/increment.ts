import { z } from 'zod'
import { AHEAD_MS_MAX, CLOSE_GRACE_MS, KEY_BYTES_MAX, RETIRE_GRACE_MS } from '../limits.ts'
import type { Hour } from './hour.ts'
import { formatHour, hourEndMs, hourOf } from './hour.ts'
import { parseRfc3339 } from './instant.ts'
import type { Schedule } from './schedule.ts'
import { valueAt } from './schedule.ts'
import { utf8Bytes } from './utf8.ts'

/** A checked increment. `atMs` is in epoch ms; without it the time of arrival counts. */
export type Increment = { readonly key: string; readonly value: number; readonly atMs: number | undefined }

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

function valueFault(value: number): string | undefined {
  if (value === 0) return 'must be at least 1: zero would count an increment that adds nothing'
  if (!Number.isInteger(value)) return WHOLE
  if (!Number.isSafeInteger(value)) return `must be at most ${Number.MAX_SAFE_INTEGER}`
  return value < 0 ? 'must be positive: corrections by negative values are not supported yet' : undefined
}

const WHOLE = 'must be a whole number: count in the smallest unit'

/** A zod refinement out of a function that names the fault. */
function check<T>(faultOf: (value: T) => string | undefined) {
  return (ctx: z.core.ParsePayload<T>) => {
    const message = faultOf(ctx.value)
    if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: ctx.value })
  }
}

const AT = 'must be an RFC 3339 time such as 2026-11-21T20:15:00Z, or whole epoch milliseconds'

/** A time as requests write it; epoch ms as output. */
export const instantSchema = z.union([z.number(), z.string()], { error: AT }).transform((at, ctx): number => {
  const ms = typeof at === 'string' ? parseRfc3339(at) : at
  if (ms !== undefined && Number.isSafeInteger(ms)) return ms
  ctx.addIssue({ code: 'custom', message: AT })
  return z.NEVER
})

const unsupportedId = z.undefined({
  error: 'is not supported yet: send the increment without it, and do not resend what may have been counted',
})

/** One item of `POST /increment`, as it is on the wire. Unknown fields are refused: a typo must not count 1. */
export const incrementSchema = z.strictObject({
  key: z.string({ error: 'must be a string' }).check(check(keyFault)),
  // zod calls an infinity no number; a JSON text can hold 1e999.
  value: z.number({ error: 'must be a number' }).check(check(valueFault)).default(1),
  at: instantSchema.optional(),
  id: unsupportedId.optional(),
})

/** Validates every item; no item is taken unless all are good. [I2] */
export function parseIncrements(items: readonly unknown[]): Increment[] | { errors: ItemError[] } {
  const increments: Increment[] = []
  const errors: ItemError[] = []
  for (const [index, item] of items.entries()) {
    const parsed = incrementSchema.safeParse(item)
    if (parsed.success)
      increments.push({ key: parsed.data.key, value: parsed.data.value, atMs: parsed.data.at })
    else errors.push(...parsed.error.issues.map((issue) => ({ index, ...describe(issue) })))
  }
  return errors.length > 0 ? { errors } : increments
}

function describe(issue: z.core.$ZodIssue): { path: string; message: string } {
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => JSON.stringify(name.slice(0, 64))).join(', ')
    return { path: '', message: `has unknown fields: ${names}. Known are key, value, at` }
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

/** The hour of each increment, decided once, here, from `at` or else from the time of arrival. [K1] */
export function stampHours(
  increments: readonly Increment[],
  lateHours: Schedule,
  nowMs: number,
): Hour[] | { errors: ItemError[] } {
  const errors: ItemError[] = []
  const hours = increments.map((increment, index) => {
    const atMs = increment.atMs ?? nowMs
    const message = timeFault(atMs, lateHours, nowMs)
    if (message !== undefined) errors.push({ index, path: 'at', message })
    return hourOf(atMs)
  })
  return errors.length > 0 ? { errors } : hours
}

function timeFault(atMs: number, lateHours: Schedule, nowMs: number): string | undefined {
  if (atMs > nowMs + AHEAD_MS_MAX) return `must be at most ${AHEAD_MS_MAX / 60_000} minutes ahead of now`
  const hour = hourOf(atMs)
  if (nowMs < edgeClosesMs(hour, lateHours)) return undefined
  const late = valueAt(lateHours, hour)
  return `must be in an open hour: ${formatHour(hour)} is a closed hour, for it ended more than ${late} hours ago`
}
