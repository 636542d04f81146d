import { z } from 'zod'
import { ID_BYTES_MAX, REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../limits.ts'
import { error, errors, json, KEY, type Operation } from '../openapi/parts.ts'
import { ingestedSchema } from './answer.ts'
import { incrementSchema } from './check.ts'

/** `POST /increment` in the OpenAPI document. */
export const describeIncrement: Operation = {
  operationId: 'increment',
  summary: 'Count',
  description:
    // One media type alone: with two, some generators send no Content-Type.
    `Send one increment, an array, or NDJSON with Content-Type \`application/x-ndjson\`: at most ${REQUEST_ITEMS_MAX} items and ${REQUEST_BYTES_MAX} bytes. ` +
    'The request is validated whole: with one bad item in it, nothing is counted. Negative values also require the ' +
    'scope `adjust`.',
  requestParams: {
    header: z.object({
      'Idempotency-Key': z
        .string()
        .optional()
        .meta({
          description:
            `A name for the whole request, which then counts once however often it is sent: 1 to ${ID_BYTES_MAX} bytes ` +
            'of UTF-8, quoted or not. Then no item may have an `id`, and each must have `at`, unless the name is a UUID of ' +
            'version 7.',
          override: { minLength: 1 },
        }),
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
              { key: 'credits/acme', value: 250 },
            ],
          },
        },
      },
    },
  },
  responses: {
    202: json(ingestedSchema, 'Every item is durable, or known not to count.'),
    ...errors(400, 413, 415, 422),
    503: {
      ...error(503),
      description:
        'Items in `refused` were not counted; items in `unknown` may have been. Retry-After is present only when it is ' +
        'safe to send the whole request again.',
      headers: z.object({ 'Retry-After': z.string().optional() }),
    },
  },
}
