import { z } from 'zod'
import type {
  oas31,
  ZodOpenApiOperationObject,
  ZodOpenApiPathsObject,
  ZodOpenApiResponseObject,
} from 'zod-openapi'
import { createDocument } from 'zod-openapi'
import { REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX } from '../limits.ts'
import { incrementSchema } from '../model/increment.ts'
import type { Scope } from '../model/token.ts'
import { counterAnswerSchema, counterAnswersSchema } from './counter-answer.ts'
import { ingestedSchema } from './outcome.ts'
import { decidedSchema, decisionSchema } from './parked.ts'
import { problemSchema } from './problem-schema.ts'
import { counterParameters } from './query.ts'
import { statusAnswerSchema, statusParameters } from './status.ts'

/** Errors that any route may answer, and what is said of them. */
const ERRORS = {
  400: 'The body is malformed.',
  401: 'No token, or one that is not known.',
  403: 'The token may not do this. Nothing was done.',
  404: 'There is no such thing.',
  413: `More than ${REQUEST_ITEMS_MAX} items or ${REQUEST_BYTES_MAX} bytes.`,
  415: 'Another media type than application/json or application/x-ndjson, or a compressed body.',
  422: 'A parameter or an item is invalid. Nothing was done, and every bad item is named.',
  429: 'Too many requests by this token from this address.',
  503: 'A shard or Postgres could not be asked in time.',
} as const

type ErrorStatus = keyof typeof ERRORS

function errors(...statuses: readonly ErrorStatus[]): Record<string, ZodOpenApiResponseObject> {
  return Object.fromEntries(
    [401, 403, 429, ...statuses].sort().map((status) => [status, error(status as ErrorStatus)]),
  )
}

function error(status: ErrorStatus): ZodOpenApiResponseObject {
  return { description: ERRORS[status], content: { 'application/problem+json': { schema: problemSchema } } }
}

function json(schema: z.ZodType, description: string): ZodOpenApiResponseObject {
  return { description, content: { 'application/json': { schema } } }
}

/** Each operation says the scope that its token needs: OpenAPI has a place for it only with OAuth. */
function needing(scope: Scope, operation: ZodOpenApiOperationObject): ZodOpenApiOperationObject {
  return {
    ...operation,
    security: [{ token: [] }],
    description: `${operation.description} Needs the scope \`${scope}\`.`,
  }
}

const KEY = 'site/example.com/pricing'

const increment = needing('write', {
  operationId: 'increment',
  summary: 'Count',
  description:
    `One increment, an array, or NDJSON: at most ${REQUEST_ITEMS_MAX} items and ${REQUEST_BYTES_MAX} bytes. ` +
    'It is validated whole: one bad item, and nothing of it is counted. Negative values need the scope `adjust` too.',
  requestParams: {
    header: z.object({
      'Idempotency-Key': z
        .string()
        .optional()
        .meta({ description: 'Names the whole request, so that it counts once however often it is sent.' }),
    }),
  },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: z.union([incrementSchema, z.array(incrementSchema).max(REQUEST_ITEMS_MAX)]),
        examples: {
          one: { value: { key: KEY } },
          several: {
            value: [
              { key: KEY, value: 3 },
              { key: 'credits/acme', value: 250, at: '2026-11-21T20:15:00Z', id: 'order-17' },
            ],
          },
        },
      },
      'application/x-ndjson': {
        schema: z.string(),
        example: `{"key":"${KEY}"}\n{"key":"credits/acme","value":250}`,
      },
    },
  },
  responses: {
    202: json(ingestedSchema, 'Every item is durable, or known not to count.'),
    ...errors(400, 413, 415, 422),
    503: {
      ...error(503),
      description:
        '`refused` were certainly not counted, `unknown` may have been. Retry-After is there only when it is safe to ' +
        'send the whole request again.',
      headers: z.object({ 'Retry-After': z.string().optional() }),
    },
  },
})

const { key: _, ...withoutKey } = counterParameters.shape

const UNAVAILABLE = 'Postgres or a shard could not be asked within a few seconds.'

function counters(operation: Omit<ZodOpenApiOperationObject, 'responses'>, schema: z.ZodType, says: string) {
  return needing('read', {
    ...operation,
    responses: {
      200: json(schema, says),
      ...errors(422),
      503: { ...error(503), description: UNAVAILABLE, headers: z.object({ 'Retry-After': z.string() }) },
    },
  })
}

const readCounters = counters(
  {
    operationId: 'readCounters',
    summary: 'Read keys',
    description:
      'One key, or several in one answer. A fresh read has every increment acknowledged before it began, in the hours ' +
      'from `freshFrom` on, exactly once.',
    requestParams: { query: counterParameters },
  },
  z.union([counterAnswerSchema, counterAnswersSchema]),
  'What is known of the key; of several, `items` in the order in which they were asked for.',
)

const readCounter = counters(
  {
    operationId: 'readCounter',
    summary: 'Read one key',
    description: 'The same, with the key in the path: `/` and `%2F` are equal there.',
    requestParams: {
      path: z.object({ key: z.string().meta({ example: KEY }) }),
      query: z.strictObject(withoutKey),
    },
  },
  counterAnswerSchema,
  'What is known of the key.',
)

const status = needing('read', {
  operationId: 'status',
  summary: 'What the shards hold',
  description:
    'Of recent hours: what is open, frozen and parked, how far Postgres lags and why, and whether all adds up.',
  requestParams: { query: statusParameters },
  responses: { 200: json(statusAnswerSchema, 'What each shard says of itself.'), ...errors(422, 503) },
})

function parked(
  action: 'retry' | 'discard',
  summary: string,
  description: string,
): ZodOpenApiOperationObject {
  return needing('admin', {
    operationId: `${action}Parked`,
    summary,
    description,
    requestBody: { required: true, content: { 'application/json': { schema: decisionSchema } } },
    responses: { 200: json(decidedSchema, 'Done.'), ...errors(422, 503) },
  })
}

const paths: ZodOpenApiPathsObject = {
  '/increment': { post: increment },
  '/counters': { get: readCounters },
  '/counters/{key}': { get: readCounter },
  '/status': { get: status },
  '/parked/retry': { post: parked('retry', 'Retry parked cells', 'Postgres is asked once more.') },
  '/parked/discard': {
    post: parked(
      'discard',
      'Discard parked cells',
      'They are given up for good, and stay counted as discarded.',
    ),
  },
}

/** The OpenAPI document, derived from the schemas that validate. */
export function openApiDocument(origin: string): oas31.OpenAPIObject {
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Sumdial', version: '1', description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: origin }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  }) as oas31.OpenAPIObject
}

const ABOUT =
  'Exact sums by the hour, counted at the edge, kept in your own Postgres.\n\n' +
  'Errors are application/problem+json (RFC 9457). Integers are JSON integers, exact at any size. ' +
  'Unknown fields and parameters are refused, for a typo must not count; fields may be added to answers.'
