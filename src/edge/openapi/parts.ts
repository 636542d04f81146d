import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi'
import { REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX, REQUEST_SHARDS_MAX } from '../../limits.ts'
import { problemSchema } from '../http/problem-response.ts'

/** How a route is described. The table of routes has its method, path and scope. */
export type Operation = Omit<ZodOpenApiOperationObject, 'security'>

/** The errors that routes answer, by status. */
const ERRORS = {
  400: 'The body is malformed.',
  401: 'The token is missing or not known.',
  403: 'The token may not do this. Nothing was done.',
  413:
    `The request has more than ${REQUEST_ITEMS_MAX} items or ${REQUEST_BYTES_MAX} bytes, or its items go to more than ` +
    `${REQUEST_SHARDS_MAX} shards. Nothing was counted.`,
  415: 'The body is compressed by other means than gzip, or is neither application/json nor application/x-ndjson.',
  422: 'A parameter or an item is invalid. Nothing was done, and the first bad items are named.',
  429: 'This token sent too many requests from this address.',
  500: 'A row of the key was changed by SQL to what is no whole number. `rows` names it; trying again does not help.',
  503: 'A shard or Postgres did not answer in time. When a read asks for too much, `detail` says what to ask instead.',
} as const

type ErrorStatus = keyof typeof ERRORS

/** The errors of a route: these, and those that every route may answer. */
export function errors(...statuses: readonly ErrorStatus[]): Record<string, ZodOpenApiResponseObject> {
  const all: ErrorStatus[] = [401, 403, 429, ...statuses]
  const own = all.sort().map((status) => [String(status), error(status)] as const)
  return { ...Object.fromEntries(own), 429: { ...error(429), ...RETRY_AFTER }, default: OTHER }
}

export function error(status: ErrorStatus): ZodOpenApiResponseObject {
  return { description: ERRORS[status], content: { 'application/problem+json': { schema: problemSchema } } }
}

/** Paths that are no route, methods that a path does not have, addresses that are too long, a faulty configuration, bugs. */
const OTHER: ZodOpenApiResponseObject = {
  description: 'Any other error: 404, 405, 414 or 500.',
  content: { 'application/problem+json': { schema: problemSchema } },
}

/** The header of an answer after which the same may be asked again. */
export const RETRY_AFTER = {
  headers: z.object({ 'Retry-After': z.string().meta({ description: 'Seconds to wait.', example: '2' }) }),
}

export function json(schema: z.ZodType, description: string): ZodOpenApiResponseObject {
  return { description, content: { 'application/json': { schema } } }
}

/** An answer that is CSV to whoever prefers that. */
export function jsonOrCsv(schema: z.ZodType, description: string): ZodOpenApiResponseObject {
  return {
    description: `${description} ${CSV}`,
    content: { 'application/json': { schema }, 'text/csv': { schema: z.string(), example: CSV_EXAMPLE } },
  }
}

const CSV =
  'With `Accept: text/csv` it is CSV: a row for each bucket or item below the names of the columns, and the other fields as ' +
  "headers, such as `Sumdial-Fresh-From`. Drop the first `'` of a text that begins with one."

const CSV_EXAMPLE = 'key,start,sum,count,min,max\r\nsite/a,2026-11-21T20:00:00Z,7,3,1,5\r\n'

/** A 503 after which the same may be asked again in some seconds. */
export const UNAVAILABLE: ZodOpenApiResponseObject = {
  ...error(503),
  ...RETRY_AFTER,
}

/** The key of the examples. */
export const KEY = 'site/example.com/pricing'
