import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi'
import { REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../limits.ts'
import type { Scope } from '../../model/token.ts'
import { problemSchema } from '../http/problem-response.ts'

/** Errors that any route may answer, and what is said of them. */
const ERRORS = {
  400: 'The body is malformed.',
  401: 'No token, or one that is not known.',
  403: 'The token may not do this. Nothing was done.',
  413: `More than ${REQUEST_ITEMS_MAX} items or ${REQUEST_BYTES_MAX} bytes.`,
  415: 'Another media type than application/json or application/x-ndjson, or a compressed body.',
  422: 'A parameter or an item is invalid. Nothing was done, and every bad item is named.',
  429: 'Too many requests by this token from this address.',
  503: 'A shard or Postgres could not be asked in time.',
} as const

type ErrorStatus = keyof typeof ERRORS

export function errors(...statuses: readonly ErrorStatus[]): Record<string, ZodOpenApiResponseObject> {
  return Object.fromEntries(
    [401, 403, 429, ...statuses].sort().map((status) => [status, error(status as ErrorStatus)]),
  )
}

export function error(status: ErrorStatus): ZodOpenApiResponseObject {
  return { description: ERRORS[status], content: { 'application/problem+json': { schema: problemSchema } } }
}

export function json(schema: z.ZodType, description: string): ZodOpenApiResponseObject {
  return { description, content: { 'application/json': { schema } } }
}

/** Each operation says the scope that its token needs: OpenAPI has a place for it only with OAuth. */
export function needing(scope: Scope, operation: ZodOpenApiOperationObject): ZodOpenApiOperationObject {
  return {
    ...operation,
    security: [{ token: [] }],
    description: `${operation.description} Needs the scope \`${scope}\`.`,
  }
}

/** Read again, after so many seconds. */
export const UNAVAILABLE: ZodOpenApiResponseObject = {
  ...error(503),
  headers: z.object({ 'Retry-After': z.string() }),
}

export const KEY = 'site/example.com/pricing'
