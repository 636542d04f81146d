import type { Result } from '../../../../model/result.ts'
import { fail, ok } from '../../../../model/result.ts'

/** A CloudEvent, checked as far as it is read. */
export type CloudEvent = {
  readonly id: string
  readonly source: string
  /** When it happened, as written; undefined without one. */
  readonly time: string | undefined
  /** All that meters read: the attributes by their names, and `data`. */
  readonly fields: Readonly<Record<string, unknown>>
}

const REQUIRED = ['id', 'source', 'type'] as const

/** @returns why a value is no event, in words for its sender. Source: the CloudEvents specification 1.0, Required Attributes. */
export function checkEvent(value: unknown): Result<CloudEvent, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('must be an object')
  const fields = value as Readonly<Record<string, unknown>>
  const { specversion, id, source, time } = fields
  if (specversion !== '1.0') return fail('must have `specversion` 1.0')
  for (const name of REQUIRED) {
    if (typeof fields[name] !== 'string' || fields[name] === '')
      return fail(`must have a text as \`${name}\``)
  }
  if (time !== undefined && time !== null && typeof time !== 'string')
    return fail('must have a text as `time`')
  return ok({ id: id as string, source: source as string, time: time ?? undefined, fields })
}
