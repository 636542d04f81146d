import { z } from 'zod'
import { REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../limits.ts'
import { ingestedSchema } from '../ingest/answer.ts'
import { incrementSchema } from '../ingest/increment.ts'
import { error, errors, json, KEY, needing } from './parts.ts'

export const increment = needing('write', {
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
